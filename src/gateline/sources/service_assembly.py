"""From the project file's services to the model's: which target group, which folder, which secrets."""

from __future__ import annotations

from datetime import timedelta

from gateline.model import codes
from gateline.model.service import CircuitBreaker, SchedulingStrategy, Service, ThresholdType
from gateline.sources.balancer_values import OF_DATAGRAMS
from gateline.sources.project import ProjectFile
from gateline.sources.project_deployment import (
    CircuitBreakerPart,
    DeploymentConfigurationPart,
    ThresholdConfigurationPart,
)
from gateline.sources.project_service import ServicePart
from gateline.sources.reader import is_folder
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench


def service(bench: Workbench, name: str, part: ServicePart, project: ProjectFile) -> Service:
    """A service; what it names and what is not there is complained about."""
    here: Pointer = ("services", name)
    minimum, maximum = part.percents
    _check_secrets(bench, here, part)
    return Service(
        name=name,
        command=tuple(map(str, part.command)),
        cwd=_folder(bench, here, part),
        desired_count=1 if part.desired_count is None else part.desired_count,
        target_group=_target_group(bench, name, part, project),
        environment=tuple((key, str(value)) for key, value in part.environment.items()),
        secrets=tuple((key, str(value)) for key, value in part.secrets.items()),
        secret_files=tuple((key, str(value)) for key, value in part.secret_files.items()),
        stop_timeout=timedelta(seconds=part.stop_timeout_seconds),
        health_check_grace_period=timedelta(seconds=part.health_check_grace_period_seconds),
        minimum_healthy_percent=minimum,
        maximum_percent=maximum,
        circuit_breaker=_circuit_breaker(part.deployment_configuration or DeploymentConfigurationPart()),
        scheduling_strategy=SchedulingStrategy(part.scheduling_strategy),
        origin=bench.origin(here),
    )


def _circuit_breaker(deployment: DeploymentConfigurationPart) -> CircuitBreaker:
    breaker = deployment.deployment_circuit_breaker or CircuitBreakerPart()
    threshold = breaker.threshold_configuration or ThresholdConfigurationPart()
    return CircuitBreaker(
        enable=breaker.enable,
        rollback=breaker.rollback,
        threshold_type=ThresholdType(threshold.type),
        threshold=threshold.value,
    )


def _folder(bench: Workbench, here: Pointer, part: ServicePart) -> str:
    if not part.cwd:
        return str(bench.reader.folder(bench.origin(here)))
    pointer = (*here, "cwd")
    path = bench.reader.absolute(bench.origin(pointer), part.cwd)
    if not is_folder(path):
        bench.reader.depend_on(path)
        bench.missing(pointer, path)
    return str(path)


def _target_group(bench: Workbench, name: str, part: ServicePart, project: ProjectFile) -> str:
    """The group that tasks are registered with: "" for a worker, which listens nowhere."""
    if not part.placeholders:
        _check_worker(bench, name, project)
        return ""
    group = str(part.target_group or name)
    pointer: Pointer = ("services", name, "target_group")
    declared = bench.tree.names("target_groups")
    if part.target_group is not None and group not in declared:
        bench.complain(
            codes.TARGET_GROUP_NOT_DECLARED,
            pointer,
            f"the target group '{bench.shown(pointer, group)}' is not declared",
            advice=did_you_mean(group, declared)
            or "declare it under target_groups, or leave the key out: the service gets one of its own name",
        )
    used = project.target_groups.get(group)
    if used is not None and used.target_type == "lambda":
        bench.complain(
            codes.TARGET_TYPE_INVALID,
            pointer if part.target_group is not None else ("services", name),
            f"the target of '{group}' is a function: no task can be registered with it",
            advice="give the service a target group of its own; a forward divides requests among both by weights",
        )
    if (
        used is not None
        and used.health_check is not None
        and used.health_check.port is not None
        and "{socket}" in part.placeholders
    ):
        bench.complain(
            codes.SERVICE_INVALID,
            ("services", name, "command"),
            f"tasks listen at a socket, but the health check of '{group}' asks port {used.health_check.port}",
            advice="let the health check ask the traffic-port",
        )
    if used is not None and used.protocol in OF_DATAGRAMS and "{socket}" in part.placeholders:
        bench.complain(
            codes.SERVICE_INVALID,
            ("services", name, "command"),
            f"tasks listen at a socket, but datagrams for '{group}' go to ports",
            advice="write {port} for {socket}",
        )
    if (
        used is not None
        and used.proxy_protocol_v2
        and used.health_check is not None
        and used.health_check.protocol in {"HTTP", "HTTPS"}
    ):
        bench.complain(
            codes.SERVICE_INVALID,
            pointer if part.target_group is not None else ("services", name),
            f"new tasks are asked over {used.health_check.protocol} without the PROXY header that '{group}' promises",
            advice="let its health_check have the protocol TCP",
        )
    return group


def _check_worker(bench: Workbench, name: str, project: ProjectFile) -> None:
    """Complain about a worker for which a target group waits, most likely because `{port}` is misspelt."""
    waiting = project.target_groups.get(name)
    if waiting is not None and not waiting.targets and waiting.discover is None:
        bench.complain(
            codes.SERVICE_INVALID,
            ("services", name, "command"),
            f"the command holds neither {{port}} nor {{socket}}, so the target group '{name}' gets no targets",
            advice="write where the task shall listen: it is put in for {port} or {socket}",
        )


def _check_secrets(bench: Workbench, here: Pointer, part: ServicePart) -> None:
    declared = bench.tree.names("secrets")
    named = [("secrets", *pair) for pair in part.secrets.items()]
    named += [("secret_files", *pair) for pair in part.secret_files.items()]
    for where, key, secret in named:
        if secret not in declared:
            pointer = (*here, where, key)
            bench.complain(
                codes.SECRET_NOT_DECLARED,
                pointer,
                f"'{bench.shown(pointer, secret)}' is not declared as a secret",
                advice=did_you_mean(secret, declared) or "declare it in the project file under secrets",
            )
