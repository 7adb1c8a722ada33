"""The project file's `domains`: custom domain names and their base path mappings (api-gateway.md section 3)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from gateline.sources.project_part import TlsPart
from gateline.sources.project_values import HOST, Matches

_LABELS = HOST.removesuffix(r"\.?")

DomainName = Annotated[
    str,
    Matches(
        rf"(\*\.)?(?![0-9.]+$){_LABELS}",
        "a host name without scheme and port, such as api.example.com or *.example.com",
        shown=r"(\*\.)?[A-Za-z0-9._-]+",
    ),
]
BasePath = Annotated[
    str,
    Matches(
        r"|(?!\(none\)$)(?=.{1,300}$)(?!\.\.?(/|$))[A-Za-z0-9$_.+!*'()-]+(/(?!\.\.?(/|$))[A-Za-z0-9$_.+!*'()-]+)*",
        "\"\" (all other paths), or segments of letters, digits and $-_.+!*'() with '/' between them",
        shown=r"[A-Za-z0-9$_.+!*'()/-]{0,300}",
    ),
]
StageOfApi = Annotated[
    str, Matches(r"[a-z0-9-]{1,63}/[A-Za-z0-9_-]{1,128}", "API/STAGE, such as storefront/prod")
]


class DomainPart(TlsPart):
    """A custom domain. Without a certificate of its own it shares gateway.tls."""

    LATER: ClassVar[frozenset[str]] = frozenset(
        {"client_certificates", "mutual_tls_authentication", "security_policy"}
    )

    mappings: dict[BasePath, StageOfApi] = Field(
        min_length=1,
        description='API/STAGE by base path; the longest one that fits wins, "" is for all other paths.',
    )
