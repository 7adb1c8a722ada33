from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateline.errors import GatelineError
from gateline.host.usage import Claim, Usage, period_at
from gateline.model.usage_plan import Quota, QuotaPeriod
from gateline.runtime.api_keys import key_id
from gateline.runtime.key_desk import VALUE_LENGTH, KeyDesk, check_plan
from gateline.runtime.state_dir import StateDir, hold_state_dir
from runtime.keyed import ACME, BOB, desk, plan, source

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
QUOTA = Quota(limit=10, period=QuotaPeriod.DAY, offset=3)
GOLD = plan("gold", "orders/prod", keys=(source("acme", "ACME_KEY"),), quota=QUOTA)
SILVER = plan("silver", "orders/test")
CLASHING = plan("iron", "orders/prod")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


@pytest.fixture
def open_desk(state: StateDir) -> KeyDesk:
    return desk(state, GOLD, SILVER, CLASHING)


def all_files(state: StateDir) -> str:
    return "".join(path.read_text(errors="replace") for path in state.path.rglob("*") if path.is_file())


def test_a_made_key_is_shown_once_and_kept_as_a_digest(state: StateDir, open_desk: KeyDesk) -> None:
    made = open_desk.create("bob", ["gold", "silver"])
    value = made.pop("value")
    assert len(value) == VALUE_LENGTH
    assert value.isalnum()
    assert made == {
        "id": made["id"],
        "name": "bob",
        "enabled": True,
        "revoked": False,
        "plans": ["gold", "silver"],
        "declared": None,
    }
    assert made in open_desk.listing()
    assert value not in str(open_desk.listing())
    assert value not in all_files(state)


def test_a_value_that_is_given_is_not_shown(state: StateDir, open_desk: KeyDesk) -> None:
    assert "value" not in open_desk.create("bob", ["gold"], BOB)
    assert BOB not in all_files(state)


def test_declared_keys_come_first_and_say_where(open_desk: KeyDesk) -> None:
    open_desk.create("bob", ["gold"])
    assert [(key["name"], key["declared"]) for key in open_desk.listing()] == [
        ("acme", "gateline.yaml"),
        ("bob", None),
    ]


@pytest.mark.parametrize(
    ("name", "plans", "value", "said"),
    [
        ("acme", ["gold"], None, "there is a key called acme"),
        ("bob", ["gold"], ACME, "the key acme has this value"),
        ("bob", ["gold"], "short", "it has not 20 to 128 characters"),
        ("bob", [], None, "say --plan"),
        ("bob", ["golden"], None, "did you mean 'gold'"),
        ("bob", ["zzz"], None, "there are: gold, silver, iron"),
        (
            "bob",
            ["gold", "iron"],
            None,
            "for orders/prod, and a key may open a stage by one only",
        ),
        ("", ["gold"], None, "a key's name is"),
        (" bob", ["gold"], None, "a key's name is"),
    ],
)
def test_what_cannot_be_made_is_told(
    open_desk: KeyDesk, name: str, plans: list[str], value: str | None, said: str
) -> None:
    with pytest.raises(GatelineError) as told:
        open_desk.create(name, plans, value)
    assert said in str(told.value)
    assert ACME not in str(told.value)
    assert [key["name"] for key in open_desk.listing()] == ["acme"]


def test_a_file_is_taken_in_whole_and_again(open_desk: KeyDesk) -> None:
    text = f"name,key,enabled,usageplanids\nbob,{BOB},TRUE,\ncid,{BOB[::-1]},FALSE,silver\n".encode()
    first = open_desk.take_in(text, "keys.csv", ["gold"])
    assert [(key["name"], key["enabled"], key["plans"]) for key in first] == [
        ("bob", True, ["gold"]),
        ("cid", False, ["silver"]),
    ]
    again = open_desk.take_in(text.replace(b"TRUE", b"FALSE"), "keys.csv", ["gold"])
    assert [key["id"] for key in again] == [key["id"] for key in first]
    assert [key["enabled"] for key in open_desk.listing()] == [True, False, False]


@pytest.mark.parametrize(
    ("rows", "plans", "said"),
    [
        (f"bob,{BOB}\nacme,{BOB[::-1]}\n", ["gold"], "keys.csv:3: there is a key called acme"),
        (f"bob,{ACME}\n", ["gold"], "keys.csv:2: the key acme has this value"),
        (f"bob,{BOB}\nbob,{BOB}\n", ["gold"], "keys.csv:3: the key bob is written twice"),
        (f"bob,{BOB}\ncid,{BOB}\n", ["gold"], "keys.csv:3: the key bob has this value"),
        (
            f"bob,{BOB}\n",
            [],
            "keys.csv:2: a key belongs to a usage plan: say --plan; there are: gold, silver, iron",
        ),
        (f"bob,{BOB}\n", ["none"], "keys.csv:2: no usage plan is called none"),
        (f"bob,{BOB}\nshort,s\n", ["gold"], "keys.csv:3: the key's value cannot be used"),
        ("x,y\n" * 12, ["gold"], "and 2 more"),
    ],
)
def test_a_file_with_a_fault_changes_nothing(
    open_desk: KeyDesk, rows: str, plans: list[str], said: str
) -> None:
    with pytest.raises(GatelineError) as told:
        open_desk.take_in(f"name,key\n{rows}".encode(), "keys.csv", plans)
    assert said in str(told.value)
    assert BOB not in str(told.value)
    assert [key["name"] for key in open_desk.listing()] == ["acme"]


def test_another_value_for_a_known_name_is_not_taken_in(open_desk: KeyDesk) -> None:
    open_desk.create("bob", ["gold"], BOB)
    with pytest.raises(GatelineError, match="with another value: revoke it first"):
        open_desk.take_in(f"name,key\nbob,{BOB[::-1]}\n".encode(), "keys.csv", ["gold"])


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_made_key_is_forgotten_when_it_is_revoked(open_desk: KeyDesk, by: str) -> None:
    made = open_desk.create("bob", ["gold"])
    assert open_desk.revoke(made[by])["revoked"]
    assert [key["name"] for key in open_desk.listing()] == ["acme"]


@pytest.mark.parametrize("which", ["acme", key_id("acme")])
def test_a_declared_key_stays_revoked(state: StateDir, open_desk: KeyDesk, which: str) -> None:
    open_desk.revoke(which)
    [key] = desk(state, GOLD).listing()
    assert (key["enabled"], key["revoked"]) == (False, True)


def test_a_key_that_is_not_there_cannot_be_revoked(open_desk: KeyDesk) -> None:
    with pytest.raises(GatelineError, match="no API key is called acne; did you mean 'acme'"):
        open_desk.revoke("acne")


def test_a_declared_key_without_its_value_cannot_be_told_from_others(state: StateDir) -> None:
    nameless = desk(state, plan("gold", "orders/prod", keys=(source("x", "NOT_SET"),)))
    with pytest.raises(GatelineError, match="the value of x is not there"):
        nameless.revoke("x")


def leased(state: StateDir, key: str, moment: datetime, count: int) -> None:
    """Count some requests of the plan gold as the host does."""

    async def count_them() -> None:
        usage = Usage(state.usage)
        period = period_at(QuotaPeriod.DAY, int(moment.timestamp()))
        for _ in range(count):
            assert await usage.lease(
                Claim(plan="gold", key=key, quota=QUOTA, period=period, wants_block=False)
            )
        usage.close()

    asyncio.run(count_them())


def test_usage_is_that_of_the_period_of_now(state: StateDir, open_desk: KeyDesk) -> None:
    unused = {
        "plan": "gold",
        "id": key_id("acme"),
        "name": "acme",
        "used": 0,
        "limit": 7,  # the offset counts in a key's first period
        "period": "DAY",
        "resets": "2026-11-24T00:00:00Z",
    }
    assert open_desk.used(now=NOW) == [unused]
    leased(state, key_id("acme"), NOW.replace(day=22), 2)
    assert open_desk.used(now=NOW.replace(day=22)) == [
        {**unused, "used": 2, "resets": "2026-11-23T00:00:00Z"}
    ]
    assert open_desk.used(now=NOW) == [{**unused, "limit": 10}]
    leased(state, key_id("acme"), NOW, 3)
    assert open_desk.used(now=NOW) == [{**unused, "used": 3, "limit": 10}]


def test_usage_is_asked_by_plan_and_key(open_desk: KeyDesk) -> None:
    bob = open_desk.create("bob", ["gold", "silver"])
    assert [(row["plan"], row["name"]) for row in open_desk.used(now=NOW)] == [
        ("gold", "acme"),
        ("gold", "bob"),
        ("silver", "bob"),
    ]
    [row] = open_desk.used("silver", bob["id"], NOW)
    assert (row["name"], row["used"], row["limit"]) == ("bob", None, None)
    with pytest.raises(GatelineError, match="no usage plan is called bronze"):
        open_desk.used("bronze")
    with pytest.raises(GatelineError, match="no API key is called cid"):
        open_desk.used("gold", "cid")


def test_counts_that_cannot_be_read_are_told(state: StateDir, open_desk: KeyDesk) -> None:
    state.usage.write_text("no database, but long enough to look like a file of one" * 20)
    with pytest.raises(GatelineError, match="cannot be read"):
        open_desk.used()


def test_a_plan_is_known_by_its_name() -> None:
    check_plan("gold", (GOLD,))
    with pytest.raises(GatelineError, match="there are: none"):
        check_plan("gold", ())
