"""From the project file's usage plans and throttles to the model's, for stages and methods that exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateline.model import codes
from gateline.model.rest_api import RestApi
from gateline.model.usage_plan import (
    KeySource,
    MethodThrottle,
    PlanStage,
    Quota,
    QuotaPeriod,
    Throttle,
    UsagePlan,
)
from gateline.sources.project import ProjectFile, StagePart
from gateline.sources.project_usage import (
    KeyPart,
    PlanStagePart,
    ThrottlePart,
    UsagePlanPart,
    split_method_key,
)
from gateline.sources.stage_name import named_stage
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench


def stage_throttles(part: StagePart) -> tuple[Throttle | None, tuple[MethodThrottle, ...]]:
    """The throttle of every method of a stage, and those of single ones."""
    settings = {key: setting.throttle for key, setting in part.method_settings.items() if setting.throttle}
    single = tuple(each for each in _method_throttles(settings) if each.verb != "*")
    return _throttle(part.throttle or part.throttle_of_all), single


def usage_plan(bench: Workbench, name: str, part: UsagePlanPart) -> UsagePlan:
    """The usage plan of that name."""
    here: Pointer = ("usage_plans", name)
    quota = part.quota
    return UsagePlan(
        name=name,
        stages=tuple(
            _plan_stage(bench, (*here, "stages", index), stage) for index, stage in enumerate(part.stages)
        ),
        throttle=_throttle(part.throttle),
        quota=None
        if quota is None
        else Quota(limit=quota.limit, period=QuotaPeriod(quota.period), offset=quota.offset),
        keys=tuple(_key(bench, (*here, "keys", index), key) for index, key in enumerate(part.keys)),
        keys_file=str(bench.file((*here, "keys_file"), part.keys_file)) if part.keys_file else "",
        origin=bench.origin(here),
    )


def check_usage(
    bench: Workbench, project: ProjectFile, plans: tuple[UsagePlan, ...], apis: tuple[RestApi, ...]
) -> None:
    """Complain about throttles of methods that no API has, and about methods that no key can open."""
    known = {api.name: api for api in apis}
    for pointer, api_name in _method_keys(project):
        if api_name in known:
            _check_method(bench, pointer, known[api_name])
    covered = {stage.scope for plan in plans for stage in plan.stages}
    for api in apis:
        _check_covered(bench, api, covered)


def _method_keys(project: ProjectFile) -> Iterator[tuple[Pointer, str]]:
    """Where methods are named, and of which API."""
    for name, api in project.apis.items():
        for stage, stage_part in api.stages.items():
            for key in stage_part.method_settings:
                yield ("apis", name, "stages", stage, "method_settings", key), name
    for name, plan in project.usage_plans.items():
        for index, part in enumerate(plan.stages):
            for key in part.throttle:
                yield ("usage_plans", name, "stages", index, "throttle", key), part.stage.partition("/")[0]


def _check_method(bench: Workbench, pointer: Pointer, api: RestApi) -> None:
    path, verb = split_method_key(str(pointer[-1]))
    methods = {f"{method.path.text}/{method.http_method}" for method in api.methods}
    written = f"{path}/{verb}"
    if verb != "*" and written not in methods:
        bench.complain(
            codes.METHOD_NOT_DEFINED,
            pointer,
            f"the API '{api.name}' has no method {verb} {path}",
            advice=did_you_mean(written, methods),
        )


def _check_covered(bench: Workbench, api: RestApi, covered: set[str]) -> None:
    keyed = next((method for method in api.methods if method.authorization.api_key_required), None)
    if keyed is None:
        return
    for stage in api.stages:
        if f"{api.name}/{stage.name}" not in covered:
            bench.complaints.add(
                codes.KEY_WITHOUT_PLAN,
                keyed.authorization.origin,
                f"{keyed.http_method} {keyed.path.text} asks for an API key, and no usage plan is for the stage "
                f"{api.name}/{stage.name}: nobody can call it there",
                help=f"declare one: usage_plans: {{basic: {{stages: [{api.name}/{stage.name}], keys: [...]}}}}",
            )


def _plan_stage(bench: Workbench, pointer: Pointer, part: PlanStagePart) -> PlanStage:
    api, stage = named_stage(bench, bench.tree.reach((*pointer, "stage")), part.stage)
    return PlanStage(api=api, stage=stage, throttles=tuple(_method_throttles(part.throttle)))


def _key(bench: Workbench, pointer: Pointer, part: KeyPart) -> KeySource:
    file = str(bench.file((*pointer, "value", "file"), part.value.file)) if part.value.file else ""
    return KeySource(
        name=part.name,
        env=part.value.env,
        file=file,
        enabled=part.enabled,
        origin=bench.origin(pointer),
    )


def _method_throttles(parts: Mapping[str, ThrottlePart]) -> Iterator[MethodThrottle]:
    for key, part in parts.items():
        path, verb = split_method_key(key)
        throttle = _throttle(part)
        assert throttle is not None
        yield MethodThrottle(path=path, verb=verb, throttle=throttle)


def _throttle(part: ThrottlePart | None) -> Throttle | None:
    return Throttle(rate_limit=part.rate_limit, burst_limit=part.burst_limit) if part else None
