"""The project file's `deployment_configuration` (load-balancers.md section 15; spelled in Amazon's words)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from gateline.sources.project_part import Part, misfit
from gateline.sources.project_values import Flag, MaximumPercent, MinimumPercent, Number

_MOST_PERCENT: Final = 100
_ELSEWHERE: Final = frozenset({"BLUE_GREEN", "CANARY", "LINEAR"})


def _strategy(value: object) -> object:
    """Amazon's other strategies shift traffic between two target groups and two listeners."""
    if isinstance(value, str) and value in _ELSEWHERE:
        context = {
            "said": f"the deployment strategy {value} needs a second target group and shifts traffic between the two; "
            "services here have one",
            "advice": "write ROLLING, or two services and a forward action with weights, which you shift yourself",
        }
        raise PydanticCustomError("deployment_not_supported", "{said}", context)
    return value


class ThresholdConfigurationPart(Part):
    """How many tasks of a deployment must fail one after another, until it has failed."""

    type: Literal["COUNT", "BOUNDED_PERCENT", "UNBOUNDED_PERCENT"] = Field(
        default="BOUNDED_PERCENT",
        description="What value is: a number of tasks, or a percentage of desired_count, rounded up; bounded: 3 to 200 "
        "tasks.",
    )
    value: Number = Field(
        default=50, ge=1, le=1000, description="The number, or the percentage (at most 100)."
    )

    @model_validator(mode="after")
    def _is_a_percentage(self) -> Self:
        if self.type != "COUNT" and self.value > _MOST_PERCENT:
            raise misfit(f"a value in {self.type} is at most 100")
        return self


class CircuitBreakerPart(Part):
    """When a deployment has failed, and what happens then."""

    enable: Flag = Field(
        default=False,
        description="Give a deployment up whose tasks keep failing. New tasks must stay healthy for 5 seconds before "
        "they replace others.",
    )
    rollback: Flag = Field(
        default=False,
        description="Bring the deployment back that was completed last; else nothing is started until the definition "
        "changes, and the tasks of before serve on.",
    )
    threshold_configuration: ThresholdConfigurationPart | None = Field(
        default=None, description="How many failures are too many; default: half of desired_count."
    )


class DeploymentConfigurationPart(Part):
    """How a service is deployed; percentages are of desired_count."""

    LATER: ClassVar[frozenset[str]] = frozenset({"alarms"})

    minimum_healthy_percent: MinimumPercent | None = Field(
        default=None,
        description="How many stay healthy at least, rounded up; default: 100, of a DAEMON 0.",
    )
    maximum_percent: MaximumPercent | None = Field(
        default=None,
        description="How many run at most, rounded down; default: 200, of a DAEMON 100.",
    )
    deployment_circuit_breaker: CircuitBreakerPart | None = Field(
        default=None, description="When a deployment has failed, and what happens then; default: it goes on."
    )
    strategy: Annotated[Literal["ROLLING"], BeforeValidator(_strategy)] = Field(
        default="ROLLING", description="How tasks are replaced: some at a time."
    )

    def percents(self, scheduling_strategy: str) -> tuple[int, int]:
        """The minimum and the maximum, with the defaults of the service's scheduling strategy."""
        minimum, maximum = (0, 100) if scheduling_strategy == "DAEMON" else (100, 200)
        return (
            minimum if self.minimum_healthy_percent is None else self.minimum_healthy_percent,
            maximum if self.maximum_percent is None else self.maximum_percent,
        )
