"""The project file's `assertions`, and the `assertion` of stages (docs/decisions/0020-assertions.md)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateline.sources.project_part import Part
from gateline.sources.project_values import Matches, Number

Audience = Annotated[str, Matches(r"[\x21-\x7e]{1,256}", "1 to 256 characters of ASCII without blanks")]
AssertionHeader = Annotated[
    str,
    Matches(
        r"[Xx]-[A-Za-z0-9]+(-[A-Za-z0-9]+)*",
        "a header that begins with X-, of letters, digits and single '-'",
    ),
]
JwksPath = Annotated[
    str,
    Matches(r"/\.well-known/[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", "a path such as /.well-known/jwks.json"),
]


class AssertionPart(Part):
    """The signed assertions that a stage's requests carry to its services."""

    audience: Audience = Field(description="Whom they are for: the name that services ask for.")
    header: AssertionHeader = Field(
        default="X-Gateline-Assertion",
        description="The header that carries them; a client's own and all its spellings are removed.",
    )
    bind: Literal["caller", "request"] = Field(
        default="caller",
        description="caller: who calls which stage, signed once in a while. request: also the verb, path and body, "
        "signed for each request.",
    )
    integrations: Literal["private", "all"] = Field(
        default="private",
        description="private: those that lead to a load balancer or through a VPC link. all: those to other hosts too.",
    )


class AssertionsPart(Part):
    """The keys that sign assertions."""

    rotate_every_seconds: Number = Field(
        default=604800,
        ge=2,
        le=315360000,
        description="How often another key signs. Each is shown to services for half of that before, an hour at most.",
    )
    jwks_path: JwksPath = Field(
        default="",
        description="Where the gateway shows everybody the public keys, such as /.well-known/jwks.json; default: "
        "nowhere.",
    )
