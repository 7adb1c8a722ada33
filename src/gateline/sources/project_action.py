"""The project file's actions of rules (load-balancers.md section 3; spelled in Amazon's words)."""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, model_validator

from gateline.sources.balancer_values import (
    ActionType,
    AnyStatusCode,
    ContentType,
    RedirectCode,
    RedirectHost,
    RedirectPath,
    RedirectPort,
    RedirectProtocol,
    RedirectQuery,
    ResponseCode,
)
from gateline.sources.project_login import (
    AUTHENTICATIONS,
    AuthenticateCognitoConfigPart,
    AuthenticateOidcConfigPart,
    JwtValidationConfigPart,
)
from gateline.sources.project_part import Part, misfit
from gateline.sources.project_stickiness import TargetGroupStickinessPart
from gateline.sources.project_values import Number

MAX_TARGET_GROUPS: Final = 5  # of one forward action
MAX_BODY: Final = 1024


class WeightedTargetGroupPart(Part):
    """A target group and its share of the requests."""

    name: str = Field(description="The target group's name.")
    weight: Number = Field(
        default=1, ge=0, le=999, description="Its share is this over the sum of all weights."
    )


class ForwardConfigPart(Part):
    """Target groups that share the requests."""

    target_groups: tuple[WeightedTargetGroupPart, ...] = Field(
        min_length=1, max_length=MAX_TARGET_GROUPS, description="The target groups with their weights."
    )
    target_group_stickiness_config: TargetGroupStickinessPart | None = Field(
        default=None, description="Whether clients come back to the target group that they had."
    )


class _RedirectKeys(Part):
    """What both forms of a redirect hold."""

    protocol: RedirectProtocol = Field(default="#{protocol}", description="HTTP, HTTPS or #{protocol}.")
    host: RedirectHost = Field(default="#{host}", description="The host, without a port.")
    port: RedirectPort = Field(default="#{port}", description="The port.")
    path: RedirectPath = Field(default="/#{path}", description="The path; #{path} lacks its leading slash.")
    query: RedirectQuery = Field(default="#{query}", description="The query, without '?'.")


class RedirectConfigPart(_RedirectKeys):
    """Where a client is sent; what is not set stays as it is in the request."""

    status_code: RedirectCode = Field(description="HTTP_301 or HTTP_302.")


class _ResponseKeys(Part):
    """What both forms of a fixed response hold."""

    content_type: ContentType = Field(default="text/plain", description="The type of message_body.")
    message_body: str = Field(default="", max_length=MAX_BODY, description="The text of the answer.")


class FixedResponseConfigPart(_ResponseKeys):
    """A constant answer."""

    status_code: ResponseCode = Field(description="The status: 2xx, 4xx or 5xx.")


class ActionPart(_RedirectKeys, _ResponseKeys):
    """What a rule does: its type, with that type's keys beside it or in the config of that type."""

    type: ActionType = Field(description="What is done.")
    order: Number = Field(
        default=1,
        ge=1,
        le=50000,
        description="Which of a list's actions comes first; of those with one number, the first in the list.",
    )
    target_group: str = Field(default="", description="The target group of a forward to one.")
    target_groups: tuple[WeightedTargetGroupPart, ...] = Field(
        default=(), max_length=MAX_TARGET_GROUPS, description="The target groups that share a forward."
    )
    target_group_stickiness_config: TargetGroupStickinessPart | None = Field(
        default=None, description="Whether clients come back to the target group of a forward that they had."
    )
    status_code: AnyStatusCode = Field(
        default="", description="HTTP_301 or HTTP_302 of a redirect; the status of a fixed-response."
    )
    forward_config: ForwardConfigPart | None = Field(default=None, description="Amazon's other form.")
    redirect_config: RedirectConfigPart | None = Field(default=None, description="Amazon's other form.")
    fixed_response_config: FixedResponseConfigPart | None = Field(
        default=None, description="Amazon's other form."
    )
    authenticate_oidc_config: AuthenticateOidcConfigPart | None = Field(
        default=None, description="Of an authenticate-oidc."
    )
    authenticate_cognito_config: AuthenticateCognitoConfigPart | None = Field(
        default=None, description="Of an authenticate-cognito."
    )
    jwt_validation_config: JwtValidationConfigPart | None = Field(
        default=None, description="Of a jwt-validation."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        own = _KEYS_OF_ACTION[self.type]
        written = self.model_fields_set - {"type", "order"}
        if foreign := sorted(written - own):
            raise misfit(f"{foreign[0]} does not belong to an action of type {self.type}")
        config = self.type.replace("-", "_") + "_config"
        if config in written and len(written) > 1:
            raise misfit(f"{config} stands alone, without {min(written - {config})} beside it")
        if self.type in AUTHENTICATIONS and not written:
            raise misfit(f"an action of type {self.type} needs {config}")
        if self.type == "forward" and len(written - {"target_group_stickiness_config"}) != 1:
            raise misfit("a forward has exactly one of target_group, target_groups and forward_config")
        if self.type == "forward" and not (self.target_group or self.forwarded):
            raise misfit("a forward needs a target group")
        if self.type in {"redirect", "fixed-response"} and config not in written:
            if not self.status_code:
                raise misfit(f"a {self.type} needs a status_code")
            if self.status_code.startswith("HTTP_") != (self.type == "redirect"):
                wanted = "HTTP_301 or HTTP_302" if self.type == "redirect" else "200 to 299 or 400 to 599"
                raise misfit(f"the status_code of a {self.type} is {wanted}")
        names = [group.name for group in self.forwarded]
        if twice := next((name for i, name in enumerate(names) if name in names[:i]), ""):
            raise misfit(f"the target group '{twice}' is written twice")
        return self

    @property
    def forwarded(self) -> tuple[WeightedTargetGroupPart, ...]:
        """The weighted target groups in either form."""
        return self.forward_config.target_groups if self.forward_config is not None else self.target_groups

    @property
    def group_stickiness(self) -> int | None:
        """For how many seconds clients come back to the target group that they had, in either form."""
        part = (self.forward_config or self).target_group_stickiness_config
        return part.duration_seconds if part is not None and part.enabled else None


_KEYS_OF_ACTION: Final = {
    "forward": frozenset(
        {"target_group", "target_groups", "forward_config", "target_group_stickiness_config"}
    ),
    "redirect": frozenset({*_RedirectKeys.model_fields, "status_code", "redirect_config"}),
    "fixed-response": frozenset({*_ResponseKeys.model_fields, "status_code", "fixed_response_config"}),
    **{kind: frozenset({key}) for kind, key in AUTHENTICATIONS.items()},
}
