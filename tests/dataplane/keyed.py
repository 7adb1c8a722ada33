"""Stages that ask for API keys, and a host that answers for them: the real one, but for the socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from compile.gateways import (
    DEV,
    ORIGIN,
    api,
    authorized,
    function,
    gateway,
    http_proxy,
    method,
    token_authorizer,
)
from gateline.compile import compile_gateway
from gateline.compile.resources import Resources
from gateline.host.keys import Keys
from gateline.host.usage import Usage
from gateline.model.authorizer import Authorization, AuthorizationType
from gateline.model.gateway import Gateway, Keyring
from gateline.model.hosting import HostConfiguration, HostedPlan
from gateline.model.rest_api import ApiKeySource, Method
from gateline.model.usage_plan import ApiKey, PlanStage, Quota, QuotaPeriod, Throttle, UsagePlan, key_digest

PEPPER = "pepper of tests"
GOLD = "gold-key-0123456789abcdef"
STAGE = PlanStage(api="orders", stage="dev")


def keyed(http_method: str = "GET", path: str = "/a", **fields: Any) -> Method:
    """A method that asks for a key and nobody else."""
    asked = Authorization(type=AuthorizationType.NONE, api_key_required=True, origin=ORIGIN)
    return method(http_method, path, http_proxy("http://b.test/x"), **{"authorization": asked, **fields})


def keyed_by_authorizer(path: str = "/a") -> Method:
    """A method whose key the authorizer says."""
    return keyed(path=path, authorization=replace(authorized(), api_key_required=True))


def plan(name: str = "gold", *, stages: tuple[PlanStage, ...] = (STAGE,), **fields: Any) -> UsagePlan:
    """A usage plan."""
    return UsagePlan(name=name, stages=stages, origin=ORIGIN, **fields)


def quota(limit: int, *, offset: int = 0, period: QuotaPeriod = QuotaPeriod.DAY) -> Quota:
    """A quota."""
    return Quota(limit=limit, period=period, offset=offset)


def api_key(
    value: str = GOLD, key_id: str = "k1", *, enabled: bool = True, plans: Sequence[str] = ("gold",)
) -> ApiKey:
    """A key as it is known at rest."""
    digest = key_digest(PEPPER, value.encode())
    return ApiKey(key_id=key_id, name=key_id, digest=digest, enabled=enabled, plans=tuple(plans))


THROTTLED = Throttle(rate_limit=5, burst_limit=5)


@dataclass(slots=True)
class KeyHost:
    """A host with keys and plans. `meanwhile` happens once while it is asked; `down`: it does not answer."""

    database: Path
    now: int = 1_760_000_000_123
    down: bool = False
    questions: list[bytes] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None
    usage: Usage = field(init=False)
    keys: Keys = field(init=False)

    def __post_init__(self) -> None:
        self.usage = Usage(self.database)
        self.keys = Keys(self.usage, now=lambda: self.now)

    def configure(self, keys: tuple[ApiKey, ...], plans: tuple[UsagePlan, ...]) -> None:
        """Know these."""
        hosted = tuple(
            HostedPlan(
                name=each.name,
                scopes=tuple(stage.scope for stage in each.stages),
                quota=each.quota,
                throttled=each.throttle is not None,
            )
            for each in plans
        )
        self.keys.configure(HostConfiguration(plans=hosted, keys=keys, pepper=PEPPER))

    def __call__(self, question: str) -> tuple[str, str]:
        """Answer a question of the script."""
        self.questions.append(question.encode("latin-1"))
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        if self.down:
            return "503", ""
        return "200", asyncio.run(self.keys(question.encode("latin-1"))).decode("latin-1")

    def restart(self) -> None:
        """End, and come back with what is on disk; it has to be configured again."""
        self.usage.close()
        self.__post_init__()


def project(
    *methods: Method,
    plans: tuple[UsagePlan, ...] = (),
    source: ApiKeySource = ApiKeySource.HEADER,
    apis: Mapping[str, Any] | None = None,
) -> Gateway:
    """A project with usage plans."""
    one = api(
        *methods, authorizers=(token_authorizer(),), stages=(DEV,), api_key_source=source, **(apis or {})
    )
    return replace(gateway(one, functions=(function(),)), usage_plans=plans)


def resources_of(given: Gateway, keys: tuple[ApiKey, ...] = ()) -> Resources:
    """What the project becomes."""
    compiled = compile_gateway(given, Keyring(api_keys=keys, pepper=PEPPER))
    assert compiled.resources is not None, [each.message for each in compiled.report.diagnostics]
    return compiled.resources
