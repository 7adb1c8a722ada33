"""API keys, usage plans and throttles, as the project file declares them (api-gateway.md section 15)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum

from gateline.model.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """A token bucket: `burst_limit` requests at once, `rate_limit` a second over time."""

    rate_limit: float  # requests a second
    burst_limit: int


class QuotaPeriod(StrEnum):
    """When a quota begins anew: at UTC midnight, on Sunday as Amazon's weeks do, on the first of the month."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Requests that a key may make in a period; `offset` is taken from the first one."""

    limit: int
    period: QuotaPeriod
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodThrottle:
    """A throttle of one method: `path` is the resource's template, `verb` in upper case; "*" is any."""

    path: str
    verb: str
    throttle: Throttle


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStage:
    """A stage that a plan is for; `api` is the name in the project file."""

    api: str
    stage: str
    throttles: tuple[MethodThrottle, ...] = ()

    @property
    def scope(self) -> str:
        """`storefront/prod`."""
        return f"{self.api}/{self.stage}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySource:
    """A key that the project file declares under a plan, and where its value is read: exactly one of both."""

    name: str
    env: str = ""
    file: str = ""
    enabled: bool = True
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePlan:
    """A usage plan. `keys_file`: a CSV in Amazon's form, whose rows name plans themselves or belong to this one."""

    name: str
    stages: tuple[PlanStage, ...] = ()
    throttle: Throttle | None = None  # for each key, over all of the plan's stages
    quota: Quota | None = None
    keys: tuple[KeySource, ...] = ()
    keys_file: str = ""
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is known at rest: never its value, but a keyed digest of it (HMAC-SHA256, hexadecimal)."""

    key_id: str
    name: str
    digest: str
    enabled: bool = True
    plans: tuple[str, ...] = ()


def key_digest(pepper: str, value: bytes) -> str:
    """The digest under which a key is known: without the pepper nobody can try guesses on it."""
    return hmac.new(pepper.encode(), value, hashlib.sha256).hexdigest()
