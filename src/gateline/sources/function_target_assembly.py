"""From target groups with `target_type: lambda` to the model's, and whether their functions are declared."""

from __future__ import annotations

from datetime import timedelta

from gateline.model import codes
from gateline.model.function import named_function
from gateline.model.target_group import HealthCheck, TargetGroup, TargetType
from gateline.sources.balancer_values import code_ranges
from gateline.sources.placeholder import how_to_declare
from gateline.sources.project_target_group import HealthCheckPart, TargetGroupPart
from gateline.sources.project_target_type import FUNCTION_CHECK, target_function
from gateline.sources.tree import Node, Pointer, texts
from gateline.sources.workbench import Workbench


def function_group(bench: Workbench, name: str, part: TargetGroupPart) -> TargetGroup:
    """The target group of that name, whose target is a function; one that is not declared is complained about."""
    here: Pointer = ("target_groups", name)
    [written] = part.addresses
    asked = target_function(written) or ""
    declared = bench.tree.names("functions")
    function = named_function(asked, declared)
    if function is None:
        place: Pointer = (*here, "targets", 0)
        bench.complain(
            codes.FUNCTION_NOT_DECLARED,
            place,
            f"the function '{bench.shown(place, asked)}' is not declared",
            advice=how_to_declare(asked, declared),
        )
    return TargetGroup(
        name=name,
        health_check=_check(part.health_check),
        deregistration_delay=timedelta(0),
        origin=bench.origin(here),
        target_type=TargetType.LAMBDA,
        function=function or "",
        lambda_multi_value_headers=part.lambda_multi_value_headers,
    )


def functions_behind_balancers(tree: Node) -> set[str]:
    """The declared functions that are targets, also of groups that were left out for another mistake."""
    declared = tree.names("functions")
    found: set[str] = set()
    for pointer, node in texts(tree.child("target_groups"), ()):
        asked = target_function(str(node.value)) if pointer[1:2] == ("targets",) else None
        if asked and (function := named_function(asked, declared)):
            found.add(function)
    return found


def _check(part: HealthCheckPart | None) -> HealthCheck:
    """A function is asked only when somebody says so (load-balancers.md section 8.2)."""
    given = part or HealthCheckPart()
    said = {key: getattr(given, key) for key in FUNCTION_CHECK if key in given.model_fields_set}
    values = FUNCTION_CHECK | said
    if "timeout_seconds" not in said:
        values["timeout_seconds"] = min(values["timeout_seconds"], values["interval_seconds"] - 1)
    return HealthCheck(
        enabled=given.enabled and "enabled" in given.model_fields_set,
        path=str(given.path),
        interval=timedelta(seconds=values["interval_seconds"]),
        timeout=timedelta(seconds=values["timeout_seconds"]),
        healthy_threshold=values["healthy_threshold_count"],
        unhealthy_threshold=values["unhealthy_threshold_count"],
        matcher=code_ranges(given.matcher or "200"),
    )
