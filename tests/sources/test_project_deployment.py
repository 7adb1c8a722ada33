from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_deployment import DeploymentConfigurationPart

from .balancers import errors_of, project
from .conftest import LoadProject


@pytest.mark.parametrize(
    ("threshold", "says"),
    [
        ({"type": "UNBOUNDED_PERCENT", "value": 101}, "at most 100"),
        ({"value": 101}, "at most 100"),
        ({"value": 0}, "1"),
        ({"type": "COUNT", "value": 1001}, "1000"),
        ({"type": "PERCENT"}, "COUNT"),
    ],
)
def test_thresholds_have_bounds(threshold: dict[str, Any], says: str) -> None:
    breaker = {"enable": True, "threshold_configuration": threshold}
    with pytest.raises(ValidationError, match=says):
        DeploymentConfigurationPart.model_validate({"deployment_circuit_breaker": breaker})


@pytest.mark.parametrize("strategy", ["BLUE_GREEN", "CANARY", "LINEAR"])
def test_strategies_that_need_two_target_groups_are_refused_with_the_reason(
    load_project: LoadProject, strategy: str
) -> None:
    written = {"command": "x", "deployment_configuration": {"strategy": strategy}}
    [error] = errors_of(load_project, project(services={"orders": written}))
    assert error.startswith(
        f"GL274 /services/orders/deployment_configuration/strategy: the deployment strategy {strategy} needs a second"
    )


def test_alarms_are_not_there_yet(load_project: LoadProject) -> None:
    written = {"command": "x", "deployment_configuration": {"alarms": {"enable": True}}}
    [error] = errors_of(load_project, project(services={"orders": written}))
    assert "'alarms' in services.orders.deployment_configuration is not supported yet" in error
