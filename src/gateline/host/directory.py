"""The directory: what the host was configured with, found by what the script says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateline.dataplane.netstring import NetstringWriter
from gateline.host.configuration import ConfigurationInvalid
from gateline.model.arn import function_arn
from gateline.model.hosting import (
    HostConfiguration,
    HostedAuthorizer,
    HostedMethod,
    HostedStage,
    HostedTarget,
)

if TYPE_CHECKING:
    from gateline.integrations.prepared import Prepared
    from gateline.schemas.model import Models
    from gateline.templates.expression import Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An authorizer of a stage, with what is needed to ask it."""

    stage: HostedStage
    authorizer: HostedAuthorizer
    validation: Expression | None
    beginning: bytes  # of all its cache keys

    @property
    def name(self) -> str:
        """`storefront/prod/name`, as people name it."""
        return f"{self.stage.scope}/{self.authorizer.name}"


class Directory:
    """One configuration, indexed.

    Raises:
        ConfigurationInvalid: a validation expression cannot be read.

    """

    def __init__(self, configuration: HostConfiguration) -> None:
        self._authorizers = {
            (stage.scope, authorizer.name): _entry(stage, authorizer)
            for stage in configuration.stages
            for authorizer in stage.authorizers
        }
        self._methods = {
            (stage.scope, stage.revision, method.route): (stage, method)
            for stage in configuration.stages
            for method in stage.methods
        }
        self._revisions = {(stage.scope, stage.revision): stage for stage in configuration.stages}
        self._stages: dict[str, HostedStage] = {}
        for stage in configuration.stages:
            self._stages.setdefault(stage.scope, stage)  # the newest comes first
        self._targets = {target.group: target for target in configuration.targets}
        self._prepared: dict[
            int, Prepared
        ] = {}  # by their methods' ids; the methods live as long as this does
        self._models: dict[tuple[str, str], Models] = {}

    def authorizer(self, scope: str, name: str) -> Entry | None:
        """The authorizer of that name in the stage."""
        return self._authorizers.get((scope, name))

    def method(self, scope: str, revision: str, route: str) -> tuple[HostedStage, HostedMethod] | None:
        """The method behind a route of that revision of the stage."""
        return self._methods.get((scope, revision, route))

    def target(self, group: str) -> HostedTarget | None:
        """The target group of that name, whose target is a function."""
        return self._targets.get(group)

    def stage(self, scope: str, revision: str) -> HostedStage | None:
        """That revision of a stage; the newest, if it is not known any more."""
        return self._revisions.get((scope, revision)) or self._stages.get(scope)

    def standing(self, stage: HostedStage, method: HostedMethod) -> HostedStage:
        """The revision of the stage by which a method's request goes to its backend now.

        It is the one that let it in, as long as that is known; then the newest, if it has the very same method: a
        body may take longer to come than Envoy keeps what was.
        """
        if (stage.scope, stage.revision, method.route) in self._methods:
            return stage
        newest = self._stages.get(stage.scope, stage)
        found = self.method(stage.scope, newest.revision, method.route)
        return newest if found and found[1] == method else stage

    def prepared(self, method: HostedMethod) -> Prepared:
        """A method's integration, made ready when it is first asked for. Any thread may ask."""
        found = self._prepared.get(id(method))
        if found is None:
            from gateline.integrations.prepared import Prepared  # noqa: PLC0415 - as for expressions below

            found = self._prepared[id(method)] = Prepared(method)
        return found

    def models(self, stage: HostedStage) -> Models:
        """The models of a stage's API. Any thread may ask."""
        found = self._models.get((stage.scope, stage.revision))
        if found is None:
            from gateline.schemas.model import Models  # noqa: PLC0415

            found = self._models[stage.scope, stage.revision] = Models(dict(stage.models))
        return found


def beginning(scope: str, authorizer: str) -> bytes:
    """How all cache keys of an authorizer begin."""
    writer = NetstringWriter()
    writer.put(scope, authorizer)
    return writer.data


def _entry(stage: HostedStage, authorizer: HostedAuthorizer) -> Entry:
    return Entry(
        stage=stage,
        authorizer=authorizer,
        validation=_validation(stage, authorizer),
        beginning=beginning(stage.scope, authorizer.name),
    )


def _validation(stage: HostedStage, authorizer: HostedAuthorizer) -> Expression | None:
    if not authorizer.validation:
        return None
    # Only now: the library takes 3 MB, and few authorizers have an expression.
    from gateline.templates.expression import Expression, ExpressionInvalid  # noqa: PLC0415

    try:
        return Expression(authorizer.validation)
    except ExpressionInvalid as error:
        name = f"{stage.scope}/{authorizer.name}"
        raise ConfigurationInvalid(f"the validation expression of {name} cannot be read: {error}") from error


def invoked_arn(stage: HostedStage, function: str) -> str:
    """The ARN under which a function sees itself called."""
    return function_arn(account=stage.account_id, region=stage.region, function=function)


Find = Callable[[], Directory]
"""The directory of now: another one after the next configuration."""
