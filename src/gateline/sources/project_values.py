"""The kinds of values in a project file: what each looks like, and how a person is told so."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from gateline.model.address import forbidden_reason, parse_ip
from gateline.sources.environment import EnvironmentText

HOST: Final = r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*\.?"


@dataclass(frozen=True, slots=True)
class Matches:
    """A text that a pattern must match whole. `says` finishes the sentence `it is ...` for people.

    `shown` is a pattern for the JSON Schema that takes no less and can be read, when the true one cannot.
    """

    pattern: str
    says: str
    shown: str = ""

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^(?:{self.shown or self.pattern})$"}

    def check(self, value: str) -> str:
        """The value itself, or the complaint."""
        if re.fullmatch(self.pattern, value) is None:
            context = {"says": self.says, "pattern": self.pattern}
            raise PydanticCustomError("not_allowed", "{says}", context)
        return value


def _number(value: object) -> object:
    """Numbers from the environment are text; YAML's whole numbers are what they may say."""
    if isinstance(value, EnvironmentText) and re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        return int(value)
    return value


def _flag(value: object) -> object:
    """`true` and `false` from the environment, in the spellings of YAML 1.2's core schema."""
    if isinstance(value, EnvironmentText):
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def _workers(value: object) -> object:
    if value == "auto":
        return None
    number = _number(value)
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 1024:
        raise PydanticCustomError("not_allowed", "{says}", {"says": "auto, or a whole number from 1 to 1024"})
    return number


def ip_of_socket(value: str, says: str) -> str:
    """An IP address to listen at, in its usual spelling.

    Raises:
        PydanticCustomError: it is none, in the words of `says`; or an IPv4 address mapped into IPv6.

    """
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        raise PydanticCustomError("not_allowed", "{says}", {"says": says}) from None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        says = f"the IPv4 address {address.ipv4_mapped} itself, not mapped into IPv6"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return str(address)


def _address(value: str) -> str:
    says = "an IP address, such as 127.0.0.1, ::1 or 0.0.0.0"
    return ip_of_socket(value.removeprefix("[").removesuffix("]"), says)


def _host_name(value: str) -> str:
    """A name that clients put into Host, in lower case; IP literals reach default_api anyway."""
    name = value.lower().removesuffix(".")
    if re.fullmatch(HOST, name) is None or parse_ip(name) is not None:
        says = "a host name without scheme, port and wildcard, such as gw.example.com"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return name


def host_port(value: str) -> str:
    """A `host:port` that may be reached.

    Raises:
        PydanticCustomError: it is none.

    """
    host, _ = split_host_port(value) or ("", 0)
    if not host:
        says = "host:port, such as 10.0.3.7:9000, orders.internal:80 or [fd00::7]:9000"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    if reason := forbidden_reason(host):
        says = f"a host that may be reached, not {reason}"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return value


def _link_target(value: str) -> str:
    """What a VPC link leads to: without a colon it is the name of a load balancer."""
    if value.startswith("tunnel:"):
        return value
    return host_port(value) if ":" in value or not value else value


def split_host_port(value: str) -> tuple[str, int] | None:
    """The host (IPv6 without brackets) and port of `host:port`, or None when it is not that."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:/@?#\s]+)):([0-9]{1,5})", value)
    if found is None or not 1 <= int(found[3]) <= 65535:
        return None
    if found[1] is not None:
        try:
            return str(ipaddress.IPv6Address(found[1])), int(found[3])
        except ValueError:
            return None
    return (found[2], int(found[3])) if re.fullmatch(HOST, found[2]) else None


def _function_url(value: str) -> str:
    """Where a function is invoked in Lambda's form; no user name, because it would stand in logs."""
    parts = urlsplit(value)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", 0
    usual = re.fullmatch(HOST, host) is not None or parse_ip(host) is not None
    if (
        parts.scheme not in {"http", "https"}
        or not usual
        or "@" in parts.netloc
        or parts.fragment
        or port == 0
    ):
        says = "an http or https URL without a user name, such as http://127.0.0.1:9001/invoke"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    if reason := forbidden_reason(host):
        says = f"the URL of a host that may be reached, not {reason}"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return value


def _environment_name(value: object) -> object:
    """Refuses a value in the place of a name before anything could repeat it."""
    if isinstance(value, EnvironmentText):
        raise PydanticCustomError(
            "reference_for_name", "env takes the variable's name itself, not its value: write env: NAME"
        )
    return value


def _text(kind: Callable[[str], str]) -> AfterValidator:
    return AfterValidator(kind)


Number = Annotated[int, BeforeValidator(_number)]
Interval = Annotated[int, Field(ge=1, le=31_536_000), BeforeValidator(_number)]
"""Seconds, a year of 365 days at most."""
PortNumber = Annotated[int, Field(ge=1, le=65535), BeforeValidator(_number)]
"""Where a key may be left out; `Number` with bounds of the field would lose them in the schema."""
TaskCount = Annotated[int, Field(ge=0, le=1000), BeforeValidator(_number)]
MinimumPercent = Annotated[int, Field(ge=0, le=100), BeforeValidator(_number)]
MaximumPercent = Annotated[int, Field(ge=100, le=1000), BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Workers = Annotated[
    int | None,
    BeforeValidator(_workers),
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": 1024}]}),
]
Address = Annotated[str, _text(_address)]
HostName = Annotated[str, _text(_host_name)]
HostPort = Annotated[str, _text(host_port)]
LinkTarget = Annotated[str, _text(_link_target)]
FilePath = Annotated[str, Matches(r"[^\x00]+", "the path of a file")]

ProjectName = Annotated[
    str, Matches(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,127}", "1 to 128 letters, digits, spaces, '.', '_' and '-'")
]
ApiName = Annotated[
    str, Matches(r"[a-z0-9-]{1,63}", "1 to 63 of a-z, 0-9 and '-': it is a part of the host name")
]
ApiId = Annotated[str, Matches(r"[A-Za-z0-9-]{1,63}", "1 to 63 letters, digits and '-'")]
StageName = Annotated[str, Matches(r"[A-Za-z0-9_-]{1,128}", "1 to 128 letters, digits, '_' and '-'")]
VariableName = Annotated[str, Matches(r"[A-Za-z0-9_]{1,64}", "1 to 64 letters, digits and '_'")]
VariableValue = Annotated[
    str,
    Matches(r"[A-Za-z0-9._~:/?#&=,-]{1,512}", "1 to 512 letters, digits and - . _ ~ : / ? # & = ,"),
]
SubstitutionName = Annotated[
    str, Matches(r"[A-Za-z0-9_.:-]{1,255}", "1 to 255 letters, digits, '_', '.', ':' and '-'")
]
SecretName = Annotated[
    str,
    Matches(
        r"[A-Za-z_][A-Za-z0-9_-]{0,127}", "a letter or '_', then letters, digits, '_' and '-', 128 at most"
    ),
]
SecretArn = Annotated[
    str,
    Matches(
        r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,519}",
        "a secret's ARN, such as arn:aws:secretsmanager:eu-west-1:123456789012:secret:gateway-a1b2c3",
    ),
]
LinkName = Annotated[
    str, Matches(r"[A-Za-z0-9._~:/?#&=,-]{1,512}", "1 to 512 letters, digits and - . _ ~ : / ? # & = ,")
]
EnvironmentName = Annotated[
    str,
    BeforeValidator(_environment_name),
    Matches(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable: letters, digits and '_'"),
]
AccountId = Annotated[str, Matches(r"[0-9]{12}", "12 digits")]
BalancerName = Annotated[
    str,
    Matches(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", "1 to 63 letters, digits and '-' between them"),
]
ResourceName = Annotated[
    str,
    Matches(
        r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}",
        "1 to 63 letters, digits, '_' and '-', and not begin with either sign",
    ),
]
AwsService = Annotated[
    str, Matches(r"\*|[a-z0-9][a-z0-9.-]{0,62}", "an AWS service as uris name it, such as sqs, or * for all")
]
Region = Annotated[str, Matches(r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}", "an AWS region, such as eu-west-1")]
FunctionName = Annotated[
    str,
    Matches(
        r"[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9$_-]{1,128})?",
        "1 to 64 letters, digits, '_' and '-', and then an alias or a version if it matters: name:alias",
    ),
]
Handler = Annotated[
    str, Matches(r"[^\s\x00]{1,128}", "what the runtime calls, such as authorizer.handler, without spaces")
]
Runtime = Annotated[
    str,
    Matches(
        r"[a-z][a-z0-9.]{0,39}", "a runtime of Lambda, such as python3.12, nodejs22.x or provided.al2023"
    ),
]
FunctionUrl = Annotated[str, Matches(r"[\x21-\x7e]{1,2048}", "a URL"), _text(_function_url)]
FunctionArn = Annotated[
    str,
    Matches(
        r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9$_-]{1,128})?",
        "a function's ARN, such as arn:aws:lambda:eu-west-1:123456789012:function:authorizer",
    ),
]
FunctionVariableName = Annotated[
    str, Matches(r"[A-Za-z][A-Za-z0-9_]*", "a letter, then letters, digits and '_'")
]
