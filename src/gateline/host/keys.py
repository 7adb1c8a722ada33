"""POST /key: whether a key that a request has shown opens its stage, and how many requests it has left.

The script asks for a key that its worker does not know, or whose lease is used up (dataplane/lua/keys.lua). A
question is a list of netstrings: scope, key, request id, source address, `1` if a lease may hold more than one
request, how many requests of the last lease were not made, and the name of that lease.

The answer: `known`, `unknown`, `spent`, or `unready` from a host that is not configured yet; until when it may be
remembered, in milliseconds since the epoch; the key's id; the name of the lease; the plan, if it throttles; how many
requests are leased, "" if there is no quota.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from gateline.dataplane.netstring import NetstringInvalid, NetstringWriter, split
from gateline.host.decisions import now_ms
from gateline.host.usage import Claim, Period, period_at
from gateline.model.hosting import HostConfiguration, HostedPlan
from gateline.model.usage_plan import ApiKey, Quota, key_digest

KNOWN_MS: Final = 3_600_000
"""How long a worker may remember a key without a quota: a changed key has another generation anyway."""

LEASED_MS: Final = 60_000
"""How long a lease is good: then the worker hands back what it has not used, if the key is used again."""

UNKNOWN_MS: Final = 60_000
"""How long a made-up key may be remembered."""

SPENT_MS: Final = 10_000
"""How long a worker may remember that a quota is used up: another one may hand something back meanwhile."""

MOST_UNUSED: Final = 1_000_000
"""More than what one worker can ever hand back."""

_PARTS: Final = 7


class Leases(Protocol):
    """What of `gateline.host.usage.Usage` is used here."""

    async def lease(self, claim: Claim) -> int:
        """How many requests are granted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    scope: str
    value: bytes
    wants_block: bool
    unused: int
    lease: str  # the name of the one that is handed back


class Keys:
    """Answers the script's questions about keys. Until it is configured it does not say that a key is unknown."""

    def __init__(self, leases: Leases, *, now: Callable[[], int] = now_ms) -> None:
        self._leases = leases
        self._now = now
        self._pepper = ""
        self._keys: dict[str, ApiKey] | None = None
        self._plans: dict[str, HostedPlan] = {}

    def configure(self, configuration: HostConfiguration) -> None:
        """Know these keys and plans from now on."""
        self._pepper = configuration.pepper
        self._keys = {key.digest: key for key in configuration.keys if key.enabled}
        self._plans = {plan.name: plan for plan in configuration.plans}

    async def __call__(self, body: bytes) -> bytes:
        """The reply to one question.

        Raises:
            ValueError: the body is no question.
            sqlite3.Error: usage cannot be counted.

        """
        question = _read(body)
        now = self._now()
        if self._keys is None:
            return _reply("unready", 0)
        key = self._keys.get(key_digest(self._pepper, question.value))
        plan = self._plan(key, question.scope) if key else None
        if key is None or plan is None:
            return _reply("unknown", now + UNKNOWN_MS)
        throttle = plan.name if plan.throttled else ""
        if plan.quota is None:
            return _reply("known", now + KNOWN_MS, key.key_id, throttle=throttle)
        period = period_at(plan.quota.period, now // 1000)
        lease = f"{period.name} {key.key_id} {plan.name}"
        granted = await self._leases.lease(_claim(question, plan.name, key.key_id, plan.quota, period, lease))
        ends = min(period.ends * 1000, now + (LEASED_MS if granted else SPENT_MS))
        if not granted:
            return _reply("spent", ends, key.key_id)
        return _reply("known", ends, key.key_id, lease=lease, throttle=throttle, granted=str(granted))

    def _plan(self, key: ApiKey, scope: str) -> HostedPlan | None:
        """The plan of the key that is for this stage; a key may belong to one such plan only."""
        plans = (self._plans[name] for name in key.plans if name in self._plans)
        return next((plan for plan in plans if scope in plan.scopes), None)


def _read(body: bytes) -> _Question:
    parts = split(body)
    if len(parts) != _PARTS or parts[4] not in (b"0", b"1") or not parts[5].isdigit():
        raise NetstringInvalid("not the values of a question")
    scope, value, _, _, block, unused, lease = parts
    if len(unused) > len(str(MOST_UNUSED)):
        raise NetstringInvalid("a lease that was never granted")
    return _Question(
        scope=scope.decode(), value=value, wants_block=block == b"1", unused=int(unused), lease=lease.decode()
    )


def _claim(question: _Question, plan: str, key: str, quota: Quota, period: Period, lease: str) -> Claim:
    """What is handed back counts for the lease that it is of: the same key, plan and period."""
    return Claim(
        plan=plan,
        key=key,
        quota=quota,
        period=period,
        wants_block=question.wants_block,
        unused=question.unused if question.lease == lease else 0,
    )


def _reply(
    kind: str, expires: int, key_id: str = "", *, lease: str = "", throttle: str = "", granted: str = ""
) -> bytes:
    writer = NetstringWriter()
    writer.put(kind, expires, key_id, lease, throttle, granted)
    return writer.data
