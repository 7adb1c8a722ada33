"""The project file's `usage_plans`, and the throttles of stages (api-gateway.md section 15)."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from gateline.sources.environment import EnvironmentText
from gateline.sources.project_domain import StageOfApi
from gateline.sources.project_part import Part, misfit
from gateline.sources.project_values import EnvironmentName, FilePath, Flag, Matches, Number

MOST_REQUESTS = 1_000_000
"""Of a throttle: a second, and at once."""

LARGEST_QUOTA = 2**31 - 1  # API Gateway's limits are 32 bits wide


def _rate(value: object) -> object:
    if isinstance(value, EnvironmentText) and re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,6})?", value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_REQUESTS:
        says = {"says": f"a number from 0 to {MOST_REQUESTS}"}
        raise PydanticCustomError("not_allowed", "{says}", says)
    return value


Rate = Annotated[
    float,
    BeforeValidator(_rate),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": MOST_REQUESTS}),
]
PlanName = Annotated[
    str,
    Matches(
        r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}",
        "1 to 128 letters, digits, '_', '.' and '-', and not begin with a sign",
    ),
]
KeyName = Annotated[
    str,
    Matches(
        r"[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,254}[^\s\x00-\x1f\x7f])?",
        "1 to 256 characters without blanks around them",
    ),
]
MethodKey = Annotated[
    str,
    Matches(
        r"/?\*/\*|/?[^\x00-\x20?#]*/(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|ANY)",
        "a resource's path and a verb, such as /orders/{id}/GET, or */* for all methods",
    ),
]


def split_method_key(key: str) -> tuple[str, str]:
    """The path and the verb of a method's key: `/orders/{id}/GET`, `~1orders~1{id}/GET` as Amazon shows it, `*/*`."""
    path, _, verb = key.rpartition("/")
    if verb == "*":
        return "*", "*"
    return "/" + path.replace("~1", "/").replace("~0", "~").strip("/"), verb


class ThrottlePart(Part):
    """A token bucket: so many requests at once, and so many a second over time."""

    rate_limit: Rate = Field(description="Requests a second.")
    burst_limit: Number = Field(ge=0, le=MOST_REQUESTS, description="Requests at once.")


class MethodSettingPart(Part):
    """Settings of one method of a stage, or of all of them."""

    LATER: ClassVar[frozenset[str]] = frozenset(
        {"cache_ttl", "caching", "logging_level", "data_trace", "metrics"}
    )

    throttle: ThrottlePart | None = Field(default=None, description="How often the method may be called.")


class QuotaPart(Part):
    """How many requests a key may make in a period."""

    limit: Number = Field(ge=0, le=LARGEST_QUOTA, description="Requests in a period.")
    offset: Number = Field(
        default=0, ge=0, le=LARGEST_QUOTA, description="Requests that are taken from the first period."
    )
    period: Literal["DAY", "WEEK", "MONTH"] = Field(
        description="When it begins anew: each UTC day, each Sunday, or the first day of each month."
    )

    @model_validator(mode="after")
    def _offset_within_limit(self) -> Self:
        if self.offset > self.limit:
            raise misfit(f"offset must not be larger than limit, which is {self.limit}")
        return self


class PlanStagePart(Part):
    """A stage that a usage plan is for."""

    stage: StageOfApi = Field(description="API/STAGE.")
    throttle: dict[MethodKey, ThrottlePart] = Field(
        default_factory=dict, description="Throttles of single methods, for each key."
    )


def _as_stage(value: object) -> object:
    """`storefront/prod` is short for `{stage: storefront/prod}`."""
    return {"stage": value} if isinstance(value, str) else value


class KeyValuePart(Part):
    """Where a key's value is read. The value itself never stands in the project file."""

    env: EnvironmentName = Field(
        default="", description="The name of the environment variable that holds the value."
    )
    file: FilePath = Field(default="", description="A file that holds the value.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.env) == bool(self.file):
            raise misfit("a key's value is read from exactly one of env and file")
        return self


class KeyPart(Part):
    """An API key."""

    name: KeyName = Field(description="The key's name, by which commands mean it.")
    value: KeyValuePart = Field(description="Where its value is read.")
    enabled: Flag = Field(default=True, description="Whether it opens anything.")


class UsagePlanPart(Part):
    """A usage plan: which API keys open which stages, and how often."""

    stages: tuple[
        Annotated[
            PlanStagePart,
            BeforeValidator(_as_stage, json_schema_input_type=str | PlanStagePart),
        ],
        ...,
    ] = Field(min_length=1, description="The stages that the plan's keys open: API/STAGE.")
    throttle: ThrottlePart | None = Field(
        default=None, description="How often each key may call all of the plan's stages."
    )
    quota: QuotaPart | None = Field(
        default=None, description="How many requests each key may make in a period."
    )
    keys: tuple[KeyPart, ...] = Field(default=(), description="The plan's keys.")
    keys_file: FilePath = Field(
        default="", description="A CSV file of keys, in the form that API Gateway imports."
    )

    @model_validator(mode="after")
    def _each_stage_once(self) -> Self:
        names = [str(part.stage) for part in self.stages]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise misfit(f"the stage {twice} is written twice")
        return self
