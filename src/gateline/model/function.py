"""Functions: code of the user's that the gateway calls, as authorizer or integration."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from gateline.model.origin import Origin

_IN_ARN: Final = re.compile(
    r"(?:.*:lambda:path//?[^/]*/functions/)?"  # an invocation uri of API Gateway around the function's ARN
    r"(?:arn:[^:]*:lambda:[^:]*:[^:]*:function:)?"
    r"(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>[A-Za-z0-9$_-]+))?"
    r"(?:/(?:response-streaming-)?invocations)?"
)


def calls_function(uri: str) -> bool:
    """Whether the uri of an `aws` or `aws_proxy` integration invokes a function; all others call other services."""
    return ":lambda:path/" in uri


def written_function(uri: str) -> str | None:
    """The function that an invocation uri, a function's ARN or a bare name means, declared or not.

    "name", or "name:qualifier" where the uri writes an alias or a version; None: it means no function.
    """
    found = _IN_ARN.fullmatch(uri)
    if found is None:
        return None
    return f"{found['name']}:{found['qualifier']}" if found["qualifier"] else found["name"]


def named_function(uri: str, declared: Container[str]) -> str | None:
    """The declared function that an invocation uri, a function's ARN or a bare name means; None: none of them.

    "name:alias" comes before "name", for which alias and version do not count (DESIGN section 3).
    """
    written = written_function(uri)
    if written is None:
        return None
    return next((name for name in (written, written.split(":")[0]) if name in declared), None)


class FunctionKind(StrEnum):
    """How a function is run."""

    PYTHON = "python"  # Gateline's own worker processes
    RUNTIME_API = "runtime_api"  # nodejs, provided, any other: processes that speak the Lambda Runtime API
    URL = "url"  # POST to a URL, in Lambda's invocation form
    ARN = "arn"  # Lambda's own Invoke, at Amazon or what stands in for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of the project file, under its name there ("name" or "name:alias").

    `code` (folder, file or zip), `layers` and `interpreter` are absolute paths; `interpreter` may be "" for
    Gateline's own Python, or for the runtime's usual program on the PATH.
    """

    name: str
    kind: FunctionKind
    handler: str = ""
    code: str = ""
    runtime: str = ""  # as written: python3.12, nodejs20.x, provided.al2023
    interpreter: str = ""
    layers: tuple[str, ...] = ()
    timeout: timedelta = timedelta(seconds=3)  # Lambda's default
    region: str = "us-east-1"  # the gateway's: functions find it in their environment
    memory_size: int = 128  # MiB; told to the function, not enforced
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # may hold secrets
    url: str = ""
    arn: str = ""
    minimum: int = 1  # workers kept ready
    maximum: int = 4  # workers at most, one event each at a time
    origin: Origin
