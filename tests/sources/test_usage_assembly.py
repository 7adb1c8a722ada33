from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateline.model.origin import Origin
from gateline.model.usage_plan import (
    KeySource,
    MethodThrottle,
    PlanStage,
    Quota,
    QuotaPeriod,
    Throttle,
    UsagePlan,
)

from .balancers import Json, errors_of, gateway_of, project
from .conftest import DEFINITION, LoadProject

ONE = {"rate_limit": 1, "burst_limit": 2}
THROTTLE = Throttle(rate_limit=1, burst_limit=2)


def test_a_plan_arrives_whole(load_project: LoadProject, tmp_path: Path) -> None:
    (tmp_path / "keys.csv").touch()
    (tmp_path / "a.key").touch()
    written = {
        "stages": [{"stage": "storefront/dev", "throttle": {"/orders/GET": ONE, "*/*": ONE}}],
        "throttle": ONE,
        "quota": {"limit": 10, "offset": 2, "period": "DAY"},
        "keys": [
            {"name": "acme", "value": {"env": "ACME_KEY"}},
            {"name": "b", "value": {"file": "a.key"}, "enabled": False},
        ],
        "keys_file": "keys.csv",
    }
    origin = Origin("gateline.yaml", ("usage_plans", "gold"))
    assert gateway_of(load_project, project(usage_plans={"gold": written})).usage_plans == (
        UsagePlan(
            name="gold",
            stages=(
                PlanStage(
                    api="storefront",
                    stage="dev",
                    throttles=(
                        MethodThrottle(path="/orders", verb="GET", throttle=THROTTLE),
                        MethodThrottle(path="*", verb="*", throttle=THROTTLE),
                    ),
                ),
            ),
            throttle=THROTTLE,
            quota=Quota(limit=10, period=QuotaPeriod.DAY, offset=2),
            keys=(
                KeySource(name="acme", env="ACME_KEY", origin=origin.child("keys", 0)),
                KeySource(
                    name="b", file=str(tmp_path / "a.key"), enabled=False, origin=origin.child("keys", 1)
                ),
            ),
            keys_file=str(tmp_path / "keys.csv"),
            origin=origin,
        ),
    )


def test_files_of_keys_are_watched_and_missing_ones_are_told(
    load_project: LoadProject, tmp_path: Path
) -> None:
    written = project(
        usage_plans={
            "gold": {
                "stages": ["storefront/dev"],
                "keys": [{"name": "a", "value": {"file": "a.key"}}],
                "keys_file": "keys.csv",
            }
        }
    )
    loaded = load_project(written)
    assert {tmp_path / "a.key", tmp_path / "keys.csv"} <= loaded.files
    assert [f"{d.code.name} {d.origin.json_pointer}" for d in loaded.report.diagnostics] == [
        "GL213 /usage_plans/gold/keys/0/value/file",
        "GL213 /usage_plans/gold/keys_file",
    ]


def staged(**settings: object) -> Json:
    return {"storefront": {"definition": "api.json", "stages": {"prod": settings}}}


@pytest.mark.parametrize(
    ("settings", "throttle", "methods"),
    [
        ({"throttle": ONE}, THROTTLE, ()),
        ({"method_settings": {"*/*": {"throttle": ONE}}}, THROTTLE, ()),
        (
            {"method_settings": {"/orders/GET": {"throttle": ONE}, "*/*": {}}},
            None,
            (MethodThrottle(path="/orders", verb="GET", throttle=THROTTLE),),
        ),
        ({}, None, ()),
    ],
)
def test_a_stage_has_its_throttles(
    load_project: LoadProject, settings: Json, throttle: Throttle | None, methods: tuple[MethodThrottle, ...]
) -> None:
    [api] = gateway_of(load_project, project(apis=staged(**settings))).apis
    assert api.stages[0].throttle == throttle
    assert api.stages[0].method_throttles == methods


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            project(apis=staged(method_settings={"/order/GET": {"throttle": ONE}})),
            (
                "GL238 /apis/storefront/stages/prod/method_settings/~1order~1GET: the API 'storefront' has no method"
                " GET /order"
            ),
        ),
        (
            project(
                usage_plans={
                    "gold": {"stages": [{"stage": "storefront/dev", "throttle": {"/orders/PUT": ONE}}]}
                }
            ),
            "GL238 /usage_plans/gold/stages/0/throttle/~1orders~1PUT: the API 'storefront' has no method PUT /orders",
        ),
    ],
)
def test_a_setting_of_a_method_that_is_not_there_is_told(
    load_project: LoadProject, written: str, said: str
) -> None:
    assert errors_of(load_project, written) == [said]


def test_a_method_that_asks_for_a_key_which_no_plan_gives_is_a_warning(
    load_project: LoadProject,
) -> None:
    definition = json.loads(DEFINITION)
    definition["securityDefinitions"] = {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}
    definition["paths"]["/orders"]["get"]["security"] = [{"key": []}]
    apis = {"storefront": {"definition": "api.json", "stages": {"prod": {}, "test": {}}}}
    plans = {"gold": {"stages": ["storefront/prod"]}}
    files = {
        "gateline.yaml": project(apis=apis, usage_plans=plans),
        "api.json": json.dumps(definition),
    }
    [told] = load_project(files).report.diagnostics
    assert (told.code.name, told.severity) == ("GL515", "warning")
    assert "storefront/test" in told.message


def test_endpoints_of_aws_services_arrive(load_project: LoadProject) -> None:
    endpoints = {"sqs": "http://127.0.0.1:9324", "*": "http://127.0.0.1:4566"}
    gateway = gateway_of(load_project, project(gateway={"aws": {"endpoints": endpoints}}))
    assert gateway.aws_endpoints == (("sqs", "http://127.0.0.1:9324"), ("", "http://127.0.0.1:4566"))
