"""Upstreams: an integration's uri with a stage's variables put in, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from gateline.model.rest_api import Stage

_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
_URI = re.compile(r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://(?P<authority>[^/?#]*)(?P<target>[^#]*)")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^:@\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
_SAFE_IN_TARGET = "/?#[]@!$&'()*+,;=:%-._~{}|"


class NoEndpoint(ValueError):
    """The uri of this stage names no usable host; Amazon answers 500 and logs `Invalid endpoint address`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where an integration of one stage leads. `target` is the path and query template, `{name}` parts included."""

    scheme: str
    host: str  # without brackets
    port: int
    target: str
    authority: str  # the Host header that the backend sees

    @property
    def uri(self) -> str:
        """The whole uri, for people."""
        return f"{self.scheme}://{self.authority}{self.target}"


def with_stage_variables(text: str, stage: Stage) -> str:
    """`${stageVariables.x}` replaced; an unknown variable becomes empty text (api-gateway.md section 5.1)."""
    if "${" not in text:
        return text
    values = dict(stage.variables)
    return _STAGE_VARIABLE.sub(lambda match: values.get(match[1], ""), text)


def upstream(uri: str, stage: Stage) -> Upstream:
    """The upstream of an `http` or `http_proxy` integration in a stage.

    Raises:
        NoEndpoint: the host is empty or is not a host.

    """
    resolved = with_stage_variables(uri, stage)
    match = _URI.fullmatch(resolved)
    authority = _AUTHORITY.fullmatch(match["authority"]) if match else None
    if match is None or authority is None or not authority["host"]:
        raise NoEndpoint(resolved)
    scheme = match["scheme"].lower()
    port = int(authority["port"] or (443 if scheme == "https" else 80))
    host = authority["host"].strip("[]").lower()
    if not 1 <= port <= 65535 or any(c.isspace() or c in '{}\\%"<>^`|' or not c.isprintable() for c in host):
        raise NoEndpoint(resolved)
    target = quote(match["target"], safe=_SAFE_IN_TARGET)
    return Upstream(
        scheme=scheme,
        host=host,
        port=port,
        target=target if target.startswith("/") else f"/{target}",
        authority=match["authority"].lower(),
    )
