"""The project file's `target_groups.T.discover`: whom to ask for targets that Gateline has not started."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from gateline.model.address import forbidden_reason, parse_ip
from gateline.sources.project_part import Part, misfit
from gateline.sources.project_values import HOST, FilePath, PortNumber, split_host_port

DNS_PORT: Final = 53


def _dns_name(value: str) -> str:
    name = value.lower()
    if re.fullmatch(HOST, name) is None or parse_ip(name) is not None:
        says = "a name of the DNS, such as orders.internal"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    if reason := forbidden_reason(name):
        says = f"a name that may be reached, not {reason}"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return name


def _name_server(value: str) -> str:
    if name_server(value) is None:
        says = "the IP address of a name server, or address:port, such as 10.0.0.2 or 127.0.0.1:8600"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return value


def name_server(value: str) -> tuple[str, int] | None:
    """Address and port of a name server, or None when it is none.

    Whose address it is does not matter: Amazon's own name servers have one of the local link.
    """
    address, port = split_host_port(value) or (value.removeprefix("[").removesuffix("]"), DNS_PORT)
    parsed = parse_ip(address)
    return (str(parsed), port) if parsed is not None else None


DnsName = Annotated[str, AfterValidator(_dns_name)]
NameServers = Annotated[
    tuple[Annotated[str, AfterValidator(_name_server)], ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": 8}]}
    ),
]


class DnsPart(Part):
    """Targets that DNS names."""

    name: DnsName | None = Field(
        default=None, description="A name whose addresses are the targets: all of its A records, else AAAA."
    )
    port: PortNumber | None = Field(default=None, description="The port of those targets.")
    srv: DnsName | None = Field(
        default=None,
        description="Instead of name and port: a name whose SRV records tell hosts, ports, weights and priorities.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.name is None) is (self.srv is None):
            raise misfit("dns has either name and port, or srv")
        if (self.name is None) is not (self.port is None):
            raise misfit("name needs a port, and srv tells ports itself")
        return self


class DiscoverPart(Part):
    """Whom to ask for targets, beside those that are written here and those that services register: one of these."""

    LATER: ClassVar[frozenset[str]] = frozenset({"docker", "ecs"})

    dns: DnsPart | None = Field(default=None, description="DNS: addresses of a name, or SRV records.")
    file: FilePath | None = Field(
        default=None,
        description="A file that somebody else writes: a JSON list of host:port, or one a line. It is watched.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise misfit(f"discover asks exactly one of {', '.join(type(self).model_fields)}")
        return self
