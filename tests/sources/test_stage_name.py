from __future__ import annotations

import pytest

from .balancers import errors_of, gateway_of, project
from .conftest import LoadProject


def covering(*stages: str, **api: object) -> str:
    return project(
        apis={"storefront": {"definition": "api.json", **api}}, usage_plans={"gold": {"stages": list(stages)}}
    )


def test_an_api_without_stages_has_one(load_project: LoadProject) -> None:
    [plan] = gateway_of(load_project, covering("storefront/dev")).usage_plans
    assert [(stage.api, stage.stage) for stage in plan.stages] == [("storefront", "dev")]


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("storefrnt/dev", "GL215 /usage_plans/gold/stages/0: there is no API 'storefrnt'"),
        ("storefront/dve", "GL236 /usage_plans/gold/stages/0: the API 'storefront' has no stage 'dve'"),
    ],
)
def test_a_stage_that_is_not_declared_is_told(load_project: LoadProject, stage: str, said: str) -> None:
    assert errors_of(load_project, covering(stage)) == [said]
