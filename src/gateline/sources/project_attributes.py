"""Attributes in the project file: Amazon's own keys, whose values may be written as text, numbers or flags."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from gateline.sources.project_part import Part
from gateline.sources.project_values import FilePath, Matches


def _as_amazon_writes(value: object) -> object:
    """`true` and `60` as the texts that Amazon's API has for them."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


class AccessLogsPart(Part):
    """The access log of an application balancer."""

    path: FilePath = Field(
        description="The file that lines are appended to, in Amazon's form; its folder must be there."
    )


AttributeKey = Annotated[
    str, Matches(r"[A-Za-z0-9_.]{1,256}", "an attribute's key, such as idle_timeout.timeout_seconds")
]
AttributeValue = Annotated[
    str,
    BeforeValidator(_as_amazon_writes),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "integer", "minimum": 0, "maximum": 604800},
                {"type": "boolean"},
            ]
        }
    ),
]

LONGEST_IDLE: Final = 4000
KEEP_ALIVE: Final = (60, 604_800)
"""Seconds: load-balancers.md section 7."""
