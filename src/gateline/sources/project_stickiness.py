"""The project file's stickiness: of target groups, and of forwards (load-balancers.md sections 3 and 8.1)."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from gateline.sources.project_part import Part, misfit
from gateline.sources.project_values import Flag, Matches, Number

LONGEST: Final = 604_800
DEFAULT: Final = 86_400
_RESERVED: Final = ("AWSALB", "AWSALBAPP", "AWSALBTG")


def _not_reserved(value: str) -> str:
    if value.upper().startswith(_RESERVED):
        says = f"another name than {', '.join(_RESERVED)} or one that begins so: those are the balancer's own"
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return value


CookieName = Annotated[
    str,
    Matches(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}", "the name of a cookie", shown="[!-~]{1,256}"),
    AfterValidator(_not_reserved),
]
StickinessTypeName = Literal["lb_cookie", "app_cookie", "source_ip"]


class StickinessPart(Part):
    """Whether clients come back to the target that they had."""

    enabled: Flag = Field(default=False, description="Whether they do.")
    type: StickinessTypeName = Field(
        default="lb_cookie",
        description="lb_cookie: by a cookie of the balancer's, for duration_seconds after each answer; app_cookie: "
        "as long as the application's own cookie lasts, and not longer than duration_seconds; source_ip: of network "
        "balancers, by the client's address.",
    )
    duration_seconds: Number = Field(default=DEFAULT, ge=1, le=LONGEST, description="How long, in seconds.")
    cookie_name: CookieName = Field(default="", description="The application's cookie, of app_cookie.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.model_fields_set and "enabled" not in self.model_fields_set:
            raise misfit("enabled must be said too: without it nothing is sticky")
        if self.type == "app_cookie" and self.enabled and not self.cookie_name:
            raise misfit("app_cookie needs cookie_name, the application's own cookie")
        if self.type == "source_ip" and "duration_seconds" in self.model_fields_set:
            raise misfit(
                "duration_seconds belongs to cookies; an address comes back for as long as it is the same"
            )
        if self.type != "app_cookie" and self.cookie_name:
            raise misfit("cookie_name belongs to the type app_cookie")
        return self


class TargetGroupStickinessPart(Part):
    """Whether clients come back to the target group of a forward that they had."""

    enabled: Flag = Field(default=False, description="Whether they do.")
    duration_seconds: Number = Field(
        default=0, ge=1, le=LONGEST, description="How long after each answer, in seconds; it has no default."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.enabled and not self.duration_seconds:
            raise misfit("duration_seconds must be said, as Amazon asks for it")
        return self
