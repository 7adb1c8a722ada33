from __future__ import annotations

from dataclasses import replace

from compile.balancers import group
from gateline.compile.anomaly import anomaly_mitigation
from gateline.compile.target_group import target_group_cluster
from gateline.compile.wire import new
from gateline.model.target_group import Algorithm

GROUP = replace(group("orders"), algorithm=Algorithm.WEIGHTED_RANDOM)


def test_a_group_without_it_has_no_outlier_detection() -> None:
    assert anomaly_mitigation(GROUP) == {}
    made = target_group_cluster(GROUP, name="targets/orders", behind_api=False)
    assert not made.HasField("outlier_detection")


def test_only_the_share_of_failures_decides_and_half_of_the_targets_stay() -> None:
    mitigated = replace(GROUP, anomaly_mitigation=True)
    made = new("envoy.config.cluster.v3.Cluster", **anomaly_mitigation(mitigated)).outlier_detection  # type: ignore[attr-defined]
    assert made.max_ejection_percent.value == 50
    assert made.enforcing_failure_percentage.value == 100
    for other in ("consecutive_5xx", "consecutive_gateway_failure", "success_rate"):
        field = f"enforcing_{other}"
        assert made.HasField(field)  # Envoy's own defaults are not 0
        assert getattr(made, field).value == 0
    assert made.HasField("successful_active_health_check_uneject_host")
    assert not made.successful_active_health_check_uneject_host.value
