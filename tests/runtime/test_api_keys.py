from __future__ import annotations

from pathlib import Path

import pytest

from gateline.model.diagnostic import Complaints, Severity
from gateline.model.usage_plan import ApiKey, UsagePlan, key_digest
from gateline.runtime.api_keys import (
    NamedKey,
    key_id,
    plans_in_conflict,
    read_declared_keys,
    with_held_keys,
)
from gateline.runtime.key_store import NO_KEYS, HeldKeys
from runtime.keyed import ACME, BOB, ENVIRON, PEPPER, declared, plan, source

GOLD = plan("gold", "orders/prod", keys=(source("acme", "ACME_KEY"),))


def held(name: str, digest: str, *plans: str) -> ApiKey:
    return ApiKey(key_id="id", name=name, digest=digest, plans=plans)


def kept(plans: tuple[UsagePlan, ...], keys: HeldKeys) -> tuple[tuple[NamedKey, ...], list[str]]:
    complaints = Complaints()
    known = with_held_keys(declared(*plans)[0], keys, plans, complaints)
    report = complaints.report()
    assert report.error_count == 0
    return known, [f"{d.code.name} {d.message}" for d in report.diagnostics]


def test_a_key_of_the_environment_is_known_by_its_digest() -> None:
    [found], said = declared(GOLD)
    assert said == []
    assert found.key == ApiKey(
        key_id=key_id("acme"), name="acme", digest=key_digest(PEPPER, ACME.encode()), plans=("gold",)
    )
    assert found.origin == GOLD.keys[0].origin
    assert ACME not in repr(found)


def test_an_id_looks_as_amazons_and_stays_with_the_name() -> None:
    assert key_id("acme") == key_id("acme") != key_id("bob")
    assert len(key_id("acme")) == 10
    assert key_id("acme").isalnum()
    assert key_id("acme").islower()


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_key_of_a_file_ends_where_its_line_does(tmp_path: Path, end: str) -> None:
    (tmp_path / "key").write_bytes(f"{ACME}{end}".encode())
    [found], _ = declared(plan("gold", "orders/prod", keys=(source("acme", file=str(tmp_path / "key")),)))
    assert found.key.digest == key_digest(PEPPER, ACME.encode())


def test_a_key_may_be_disabled_and_is_if_it_is_anywhere() -> None:
    silver = plan("silver", "orders/test", keys=(source("acme", "ACME_KEY", enabled=False),))
    [found], said = declared(GOLD, silver)
    assert said == []
    assert not found.key.enabled
    assert found.key.plans == ("gold", "silver")


def test_rows_of_a_file_belong_to_its_plan_or_to_those_that_they_name(tmp_path: Path) -> None:
    (tmp_path / "keys.csv").write_text(
        f"name,key,enabled,usageplanids\nacme,{ACME},true,\nbob,{BOB},false,silver\n"
    )
    gold = plan("gold", "orders/prod", file=str(tmp_path / "keys.csv"))
    found, said = declared(gold, plan("silver", "orders/test"))
    assert said == []
    assert [(each.key.name, each.key.plans, each.key.enabled) for each in found] == [
        ("acme", ("gold",), True),
        ("bob", ("silver",), False),
    ]
    assert [each.origin.position.line for each in found if each.origin and each.origin.position] == [2, 3]


@pytest.mark.parametrize(
    ("plans", "said"),
    [
        (
            (plan("gold", "orders/prod", keys=(source("acme", "NOT_SET"),)),),
            "GL289 the API key 'acme' has no value: the environment variable NOT_SET is not set",
        ),
        (
            (plan("gold", "orders/prod", keys=(source("acme", file="/nowhere/key"),)),),
            "GL289 the API key 'acme' has no value: the file key cannot be read",
        ),
        (
            (plan("gold", "orders/prod", file="/nowhere/keys.csv"),),
            "GL289 the keys of usage plan 'gold': keys.csv cannot be read",
        ),
        (
            (plan("gold", "orders/prod", keys=(source("acme", "SHORT"),)),),
            (
                "GL290 the value of the API key 'acme', from the environment variable SHORT, cannot be used: it has not"
                " 20 to 128 characters"
            ),
        ),
        (
            (plan("gold", "orders/prod", keys=(source("acme", "ACME_KEY"), source("acme", "BOB_KEY"))),),
            "GL239 there are two keys called 'acme', with different values",
        ),
        (
            (plan("gold", "orders/prod", keys=(source("acme", "ACME_KEY"), source("bob", "ACME_KEY"))),),
            "GL239 the keys 'acme' and 'bob' have the same value",
        ),
        (
            (plan("gold", "orders/prod", keys=(source("acme", "ACME_KEY"), source("acme", "ACME_KEY"))),),
            "GL239 the key 'acme' is written twice",
        ),
        (
            (GOLD, plan("silver", "orders/test", "orders/prod", keys=(source("acme", "ACME_KEY"),))),
            "GL240 the key 'acme' is in two usage plans for orders/prod",
        ),
    ],
)
def test_faults_are_told_without_values(plans: tuple[UsagePlan, ...], said: str) -> None:
    assert declared(*plans)[1] == [said]


def test_what_is_missing_is_a_warning_where_no_value_is_needed() -> None:
    complaints = Complaints()
    plans = (plan("gold", "orders/prod", keys=(source("acme", "NOT_SET"),), file="/nowhere/keys.csv"),)
    [found] = read_declared_keys(plans, ENVIRON, str, PEPPER, complaints, missing=Severity.WARNING)
    assert found.key.digest == ""
    assert (complaints.report().error_count, complaints.report().warning_count) == (0, 2)


def test_a_revoked_value_opens_nothing_and_another_one_of_that_name_does() -> None:
    [known], _ = kept((GOLD,), HeldKeys(revoked={key_digest(PEPPER, ACME.encode()): key_id("acme")}))
    assert (known.key.enabled, known.is_revoked) == (False, True)
    [known], _ = kept((GOLD,), HeldKeys(revoked={key_digest(PEPPER, BOB.encode()): key_id("acme")}))
    assert (known.key.enabled, known.is_revoked) == (True, False)


def test_keys_that_commands_have_made_count_beside_the_declared_ones() -> None:
    known, said = kept((GOLD,), HeldKeys(keys=(held("bob", "d", "gold"),), revoked={}))
    assert said == []
    assert [(each.key.name, each.key.plans, each.origin is None) for each in known] == [
        ("acme", ("gold",), False),
        ("bob", ("gold",), True),
    ]


@pytest.mark.parametrize(
    ("key", "plans", "why"),
    [
        (held("acme", "d", "gold"), None, "the project file declares a key of the same name or value"),
        (
            held("bob", key_digest(PEPPER, ACME.encode()), "gold"),
            None,
            "the project file declares a key of the same name or value",
        ),
        (held("bob", "d", "gone", "gold"), ("gold",), "there is no usage plan 'gone'"),
        (held("bob", "d", "gold", "silver"), ("gold",), "two of its usage plans are for orders/prod"),
    ],
)
def test_keys_that_no_longer_fit_the_project_count_less(
    key: ApiKey, plans: tuple[str, ...] | None, why: str
) -> None:
    known, said = kept((GOLD, plan("silver", "orders/prod")), HeldKeys(keys=(key,), revoked={}))
    assert said == [f"GL291 the key '{key.name}', which a command has made, does not count as it did: {why}"]
    assert [each.key.plans for each in known if each.origin is None] == ([] if plans is None else [plans])


def test_values_that_are_not_there_are_compared_with_nothing() -> None:
    nameless = plan("gold", "orders/prod", keys=(source("a", "NOT_SET"), source("b", "NOT_SET_EITHER")))
    found = read_declared_keys((nameless,), {}, str, PEPPER, Complaints(), missing=Severity.WARNING)
    assert [each.key.name for each in with_held_keys(found, NO_KEYS, (nameless,), Complaints())] == ["a", "b"]


def test_plans_in_conflict_are_for_one_stage() -> None:
    plans = (GOLD, plan("silver", "orders/test"), plan("iron", "a/b", "orders/prod"))
    assert plans_in_conflict(("gold", "silver"), plans) == ""
    assert plans_in_conflict(("silver", "gold", "iron"), plans) == "orders/prod"
    assert plans_in_conflict(("gold", "unknown"), plans) == ""
