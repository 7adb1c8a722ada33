"""A target group's `target_type`: which targets and which other keys fit it (load-balancers.md section 8)."""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from gateline.model.function import written_function
from gateline.sources.project_part import Part, misfit
from gateline.sources.project_tunnel import group_target
from gateline.sources.project_values import Matches

TargetTypeName = Literal["instance", "ip", "lambda", "alb"]

FUNCTION: Final = "function:"
"""What stands before the name of a function, where an address could stand."""

BALANCER: Final = "balancer:"
"""What stands before the name of an application balancer, and the port of one of its listeners behind that."""

_BALANCER: Final = re.compile(r"balancer:(?P<name>[A-Za-z0-9-]{1,32})(?::(?P<port>[0-9]{1,5}))?")
_ARN: Final = re.compile(r"arn:[^:]*:lambda:[^:]*:[^:]*:function:[A-Za-z0-9_-]+(?::[A-Za-z0-9$_-]+)?")
_NOT_OF_FUNCTIONS: Final = (
    "protocol",
    "protocol_version",
    "discover",
    "load_balancing_algorithm",
    "deregistration_delay_seconds",
    "tls",
    "proxy_protocol_v2",
    "preserve_client_ip",
)
"""Keys of groups whose targets are addresses."""

_NOT_OF_BALANCERS: Final = tuple(key for key in _NOT_OF_FUNCTIONS if key != "protocol")

FUNCTION_CHECK: Final = {
    "interval_seconds": 35,
    "timeout_seconds": 30,
    "healthy_threshold_count": 5,
    "unhealthy_threshold_count": 5,
}
"""How a function is asked whether it is well, where that is wanted (load-balancers.md section 8.2)."""


def target_function(text: str) -> str | None:
    """The function that a target means, as its name or `name:alias`; None: it is no function."""
    if text.startswith(FUNCTION):
        return written_function(text.removeprefix(FUNCTION))
    return written_function(text) if _ARN.fullmatch(text) else None


def target_balancer(text: str) -> tuple[str, int] | None:
    """The application balancer that a target means, and the port of its listener, 0 for its only one."""
    found = _BALANCER.fullmatch(text)
    return (found["name"], int(found["port"] or 0)) if found else None


def _target(value: str) -> str:
    if value.startswith(BALANCER):
        if target_balancer(value) is None:
            says = "balancer:NAME or balancer:NAME:PORT with the name of a load balancer"
            raise PydanticCustomError("not_allowed", "{says}", {"says": says})
        return value
    if not value.startswith((FUNCTION, "arn:")):
        return group_target(value)
    if target_function(value) is None:
        says = "function:NAME with the name of a function, or the ARN of one"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return value


TargetText = Annotated[str, AfterValidator(_target)]
Zone = Annotated[str, Matches(r"[a-z0-9-]{1,32}", "the name of an availability zone, such as eu-central-1a")]


class TargetPart(Part):
    """A target of a target group, and where it is."""

    target: TargetText = Field(
        description="The target, as it may stand alone: host:port, and what else is one."
    )
    availability_zone: Zone = Field(
        default="", description="Its zone; a target without one is in every zone."
    )


def _alone(value: object) -> object:
    return {"target": _target(value)} if isinstance(value, str) else value


GroupTarget = Annotated[TargetPart, BeforeValidator(_alone, json_schema_input_type=TargetPart | str)]


CrossZone = Annotated[
    Literal["true", "false", "use_load_balancer_configuration"],
    BeforeValidator(lambda value: str(value).lower() if isinstance(value, bool) else value),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"const": "use_load_balancer_configuration"}]}),
]


def check_target_type(
    target_type: str,
    targets: Collection[str],
    written: AbstractSet[str],
    of_check: AbstractSet[str],
    *,
    checked: bool,
) -> None:
    """Whether the keys of a target group fit its target_type.

    Args:
        target_type: the group's.
        targets: the group's.
        written: the keys of the group that the project file writes.
        of_check: those of its health_check.
        checked: whether its targets are asked.

    Raises:
        PydanticCustomError: they do not fit.

    """
    functions = [text for text in targets if target_function(text) is not None]
    if target_type != "lambda":
        if "lambda_multi_value_headers" in written:
            raise misfit("lambda_multi_value_headers is for groups with target_type: lambda")
        if not checked:
            raise misfit("health_check.enabled: false is for groups with target_type: lambda")
        if any(text.startswith((FUNCTION, "arn:")) for text in targets):
            raise misfit("a function is the target of a group with target_type: lambda")
        _check_balancer(target_type, targets, written, of_check)
        return
    if keys := [key for key in _NOT_OF_FUNCTIONS if key in written]:
        raise misfit(f"{keys[0]} is for groups whose targets are addresses, not for target_type: lambda")
    if len(targets) != 1 or not functions:
        raise misfit(
            "a group with target_type: lambda has one target, function:NAME or the ARN of a function"
        )
    if keys := [key for key in ("protocol", "port") if key in of_check]:
        raise misfit(f"health_check.{keys[0]} is for addresses; a function is invoked")


def _check_balancer(
    target_type: str, targets: Collection[str], written: AbstractSet[str], of_check: AbstractSet[str]
) -> None:
    balancers = [text for text in targets if text.startswith(BALANCER)]
    if target_type != "alb":
        if balancers:
            raise misfit("a load balancer is the target of a group with target_type: alb")
        return
    if keys := [key for key in _NOT_OF_BALANCERS if key in written]:
        raise misfit(f"{keys[0]} is for groups with many targets, not for target_type: alb")
    if len(targets) != 1 or not balancers:
        raise misfit("a group with target_type: alb has one target, balancer:NAME or balancer:NAME:PORT")
    if "port" in of_check:
        raise misfit(
            "health_check.port is for addresses; a balancer is asked at the listener that it is reached at"
        )
