from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from gateline.sources.environment import EnvironmentText
from gateline.sources.project_usage import (
    KeyName,
    KeyValuePart,
    MethodKey,
    PlanName,
    QuotaPart,
    ThrottlePart,
    UsagePlanPart,
    split_method_key,
)

from .balancers import errors_of, project
from .conftest import LoadProject

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("key", "path", "verb"),
    [
        ("/orders/GET", "/orders", "GET"),
        ("orders/GET", "/orders", "GET"),
        ("/orders/{id}/items/DELETE", "/orders/{id}/items", "DELETE"),
        ("~1orders~1{id}/ANY", "/orders/{id}", "ANY"),
        ("/a~0b/GET", "/a~b", "GET"),
        ("//GET", "/", "GET"),
        ("/GET", "/", "GET"),
        ("*/*", "*", "*"),
        ("/*/*", "*", "*"),
    ],
)
def test_a_method_is_its_path_and_its_verb(key: str, path: str, verb: str) -> None:
    assert TypeAdapter(MethodKey).validate_python(key) == key
    assert split_method_key(key) == (path, verb)


@pytest.mark.parametrize(
    "key", ["", "/orders", "/orders/get", "GET", "/orders/*", "/a b/GET", "*", "/orders/GET/"]
)
def test_other_texts_name_no_method(key: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(MethodKey).validate_python(key)


@pytest.mark.parametrize("rate", [0, 1, 0.5, 1_000_000, EnvironmentText("12.5", "${env:R}")])
def test_a_rate_is_a_number_of_requests_a_second(rate: object) -> None:
    assert ThrottlePart.model_validate({"rate_limit": rate, "burst_limit": 1}).rate_limit == float(str(rate))


@pytest.mark.parametrize("rate", [-1, 1_000_001, float("nan"), float("inf"), "5", True, None])
def test_other_rates_are_not_taken(rate: object) -> None:
    with pytest.raises(ValidationError):
        ThrottlePart.model_validate({"rate_limit": rate, "burst_limit": 1})


@pytest.mark.parametrize("burst", [-1, 1.5, 1_000_001, "1"])
def test_other_bursts_are_not_taken(burst: object) -> None:
    with pytest.raises(ValidationError):
        ThrottlePart.model_validate({"rate_limit": 1, "burst_limit": burst})


def test_what_a_quota_takes_from_its_first_period_is_in_it() -> None:
    assert QuotaPart.model_validate({"limit": 5, "offset": 5, "period": "WEEK"}).offset == 5
    with pytest.raises(ValidationError, match="offset must not be larger than limit, which is 5"):
        QuotaPart.model_validate({"limit": 5, "offset": 6, "period": "WEEK"})


@pytest.mark.parametrize("value", [{}, {"env": "A", "file": "a"}])
def test_a_keys_value_is_read_in_one_place(value: Json) -> None:
    with pytest.raises(ValidationError, match="exactly one of env and file"):
        KeyValuePart.model_validate(value)


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "a" * 257])
def test_names_of_keys_have_no_blanks_around_them(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(KeyName).validate_python(name)


@pytest.mark.parametrize("name", ["", "a,b", "-a", "a b"])
def test_names_of_plans_can_stand_in_a_list_with_commas(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PlanName).validate_python(name)


def test_a_stage_may_stand_alone_or_with_its_throttles() -> None:
    throttle = {"rate_limit": 1, "burst_limit": 2}
    plan = UsagePlanPart.model_validate(
        {"stages": ("a/b", {"stage": "a/c", "throttle": {"/orders/GET": throttle}})}
    )
    assert [part.stage for part in plan.stages] == ["a/b", "a/c"]
    assert plan.stages[1].throttle["/orders/GET"].burst_limit == 2
    with pytest.raises(ValidationError, match="the stage a/b is written twice"):
        UsagePlanPart.model_validate({"stages": ("a/b", {"stage": "a/b"})})


def plan(**keys: object) -> str:
    return project(usage_plans={"gold": {"stages": ["storefront/dev"], **keys}})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (project(usage_plans={"gold": {}}), "GL203 /usage_plans/gold: usage_plans.gold has no 'stages'"),
        (
            project(usage_plans={"gold": {"stages": []}}),
            "GL203 /usage_plans/gold/stages: usage_plans.gold.stages is empty",
        ),
        (
            plan(throttle={"rate_limit": -1, "burst_limit": 1}),
            (
                "GL205 /usage_plans/gold/throttle/rate_limit: usage_plans.gold.throttle.rate_limit must be a number"
                " from 0 to 1000000; it is -1"
            ),
        ),
        (
            plan(throttle={"rate_limit": 1, "burst_limit": 1_000_001}),
            (
                "GL205 /usage_plans/gold/throttle/burst_limit: usage_plans.gold.throttle.burst_limit must be a whole"
                " number from 0 to 1000000; it is 1000001"
            ),
        ),
        (
            plan(quota={"limit": 1, "period": "YEAR"}),
            (
                "GL205 /usage_plans/gold/quota/period: usage_plans.gold.quota.period must be DAY, WEEK or MONTH;"
                " it is 'YEAR'"
            ),
        ),
        (
            plan(keys=[{"name": "acme", "value": "a-value-that-nobody-should-see"}]),
            "GL204 /usage_plans/gold/keys/0/value: usage_plans.gold.keys[0].value must be a map of keys, not text",
        ),
        (
            plan(keys=[{"name": "acme", "value": {"env": "a-value-that-nobody-should-see"}}]),
            (
                "GL205 /usage_plans/gold/keys/0/value/env: usage_plans.gold.keys[0].value.env must be the name of an"
                " environment variable: letters, digits and '_'; it is something else"
            ),
        ),
        (
            project(
                apis={
                    "storefront": {
                        "definition": "api.json",
                        "stages": {"dev": {"method_settings": {"*/*": {"cache_ttl": 60}}}},
                    }
                }
            ),
            (
                "GL202 /apis/storefront/stages/dev/method_settings/*~1*/cache_ttl: 'cache_ttl' in"
                " apis.storefront.stages.dev.method_settings.*/* is not supported yet in this version"
            ),
        ),
    ],
)
def test_faults_are_told_at_their_place(load_project: LoadProject, written: str, said: str) -> None:
    assert errors_of(load_project, written) == [said]
    assert json.loads(written)
