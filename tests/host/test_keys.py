"""What the host says of API keys; together with the script in tests/dataplane/test_api_keys.py."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from gateline.dataplane.netstring import NetstringInvalid, NetstringWriter, split
from gateline.host.keys import KNOWN_MS, LEASED_MS, SPENT_MS, UNKNOWN_MS, Keys
from gateline.host.usage import Claim
from gateline.model.hosting import HostConfiguration, HostedPlan
from gateline.model.usage_plan import ApiKey, Quota, QuotaPeriod, key_digest

NOW = 1_760_000_000_123  # 2025-10-09
MIDNIGHT = 1_760_054_400_000
VALUE = b"gold-key-0123456789abcdef"


@dataclass
class Grants:
    """Grants what it is told to, and remembers what it was asked for."""

    granted: int = 7
    claims: list[Claim] = field(default_factory=list)

    async def lease(self, claim: Claim) -> int:
        """Grant."""
        self.claims.append(claim)
        return self.granted


def configuration(
    *plans: HostedPlan, value: bytes = VALUE, enabled: bool = True, member: tuple[str, ...] = ("gold",)
) -> HostConfiguration:
    """One key, of these plans."""
    key = ApiKey(key_id="k1", name="ann", digest=key_digest("pepper", value), enabled=enabled, plans=member)
    return HostConfiguration(plans=plans, keys=(key,), pepper="pepper")


def gold(*, limit: int | None = None, throttled: bool = False, scope: str = "orders/dev") -> HostedPlan:
    """A plan."""
    quota = None if limit is None else Quota(limit=limit, period=QuotaPeriod.DAY)
    return HostedPlan(name="gold", scopes=(scope,), quota=quota, throttled=throttled)


def question(
    value: bytes = VALUE, scope: str = "orders/dev", *, block: str = "1", unused: str = "0", lease: str = ""
) -> bytes:
    """A question of the script."""
    writer = NetstringWriter()
    writer.put(scope, value, "rid", "127.0.0.1", block, unused, lease)
    return writer.data


def asked(given: HostConfiguration, body: bytes, grants: Grants | None = None) -> list[str]:
    """The values of the reply."""
    keys = Keys(grants or Grants(), now=lambda: NOW)
    keys.configure(given)
    return [value.decode() for value in split(asyncio.run(keys(body)))]


UNKNOWN = ["unknown", str(NOW + UNKNOWN_MS), "", "", "", ""]


def test_a_key_without_a_quota_is_known_for_an_hour_and_nothing_is_counted() -> None:
    grants = Grants()
    assert asked(configuration(gold()), question(), grants) == [
        "known", str(NOW + KNOWN_MS), "k1", "", "", "",
    ]  # fmt: skip
    assert grants.claims == []


def test_a_key_whose_plan_throttles_is_told_to_envoy() -> None:
    assert asked(configuration(gold(throttled=True)), question())[4] == "gold"


@pytest.mark.parametrize(
    ("given", "body"),
    [
        (HostConfiguration(), question()),
        (configuration(gold()), question(b"other")),
        (configuration(gold()), question(VALUE + b"\xff")),
        (configuration(gold()), question(b"")),
        (configuration(gold(), enabled=False), question()),
        (configuration(gold(), member=()), question()),
        (configuration(gold(), member=("silver",)), question()),
        (configuration(gold(scope="orders/prod")), question()),
        (configuration(gold()), question(scope="orders/de")),
        (configuration(gold()), question(key_digest("pepper", VALUE).encode())),
    ],
)
def test_a_key_that_opens_nothing_here_is_unknown(given: HostConfiguration, body: bytes) -> None:
    assert asked(given, body) == UNKNOWN


def test_until_it_is_configured_it_does_not_say_that_a_key_is_unknown() -> None:
    assert split(asyncio.run(Keys(Grants(), now=lambda: NOW)(question())))[0] == b"unready"


def test_a_quota_is_leased_and_the_lease_has_a_name() -> None:
    grants = Grants()
    assert asked(configuration(gold(limit=700)), question(block="0"), grants) == [
        "known", str(NOW + LEASED_MS), "k1", "DAY 2025-10-09 k1 gold", "", "7",
    ]  # fmt: skip
    [claim] = grants.claims
    assert (claim.plan, claim.key, claim.quota.limit, claim.wants_block, claim.unused) == (
        "gold",
        "k1",
        700,
        False,
        0,
    )


def test_a_lease_ends_with_the_period() -> None:
    keys = Keys(Grants(), now=lambda: MIDNIGHT - 1)
    keys.configure(configuration(gold(limit=700)))
    assert split(asyncio.run(keys(question())))[1] == str(MIDNIGHT).encode()


def test_a_quota_that_is_used_up_says_so_for_a_while() -> None:
    assert asked(configuration(gold(limit=5)), question(), Grants(0)) == [
        "spent", str(NOW + SPENT_MS), "k1", "", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lease", "unused"),
    [
        ("DAY 2025-10-09 k1 gold", 3),
        ("DAY 2025-10-08 k1 gold", 0),
        ("DAY 2025-10-09 k2 gold", 0),
        ("DAY 2025-10-09 k1 silver", 0),
        ("", 0),
    ],
)
def test_only_what_was_leased_for_the_same_key_plan_and_period_is_taken_back(lease: str, unused: int) -> None:
    grants = Grants()
    asked(configuration(gold(limit=700)), question(unused="3", lease=lease), grants)
    assert grants.claims[0].unused == unused


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"junk",
        question()[:-3],
        question() + b"0:",
        question(block="2"),
        question(unused="-1"),
        question(unused="9" * 30),
        question(unused=""),
    ],
)
def test_what_is_no_question_is_refused(body: bytes) -> None:
    with pytest.raises(NetstringInvalid):
        asked(configuration(gold()), body)
