"""The project file's target_group_health: what few healthy targets mean (load-balancers.md section 8.1)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from gateline.sources.project_part import Part


def _minimum(value: object) -> object:
    """Amazon's `off`, or a whole number; text from `${env:NAME}` may be either."""
    if value == "off":
        return 0
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        says = "off, or a whole number of 1 or more"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return value


_OFF_OR_MORE = WithJsonSchema({"anyOf": [{"const": "off"}, {"type": "integer", "minimum": 1}]})
Minimum = Annotated[int, BeforeValidator(_minimum), _OFF_OR_MORE]
Percentage = Annotated[
    int,
    BeforeValidator(_minimum),
    Field(le=100),
    WithJsonSchema({"anyOf": [{"const": "off"}, {"type": "integer", "minimum": 1, "maximum": 100}]}),
]


class MinimumHealthyPart(Part):
    """How many targets must be healthy, in one way or in both."""

    count: Minimum = Field(default=1, description="How many targets.")
    percentage: Percentage = Field(default=0, description="How many of a hundred targets.")


class UnhealthyStateRoutingPart(Part):
    """When all targets get requests, healthy or not."""

    minimum_healthy_targets: MinimumHealthyPart | None = Field(
        default=None, description="With fewer than these, all get requests."
    )


class DnsFailoverPart(Part):
    """When an address of the balancer leaves DNS; here a balancer has one place, which never does."""

    minimum_healthy_targets: Literal["off"] | None = Field(
        default=None, description="Only off: there is no other zone to go to."
    )


class TargetGroupHealthPart(Part):
    """What few healthy targets mean."""

    unhealthy_state_routing: UnhealthyStateRoutingPart | None = Field(
        default=None, description="When all targets get requests, healthy or not."
    )
    dns_failover: DnsFailoverPart | None = Field(
        default=None, description="Only off: a balancer of Gateline has no zones that could leave DNS."
    )
