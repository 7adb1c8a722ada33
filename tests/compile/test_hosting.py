"""What the host is told of a project: functions in use, authorizers and methods of each stage."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from compile.gateways import (
    DEV,
    ORIGIN,
    api,
    authorized,
    aws_proxy,
    function,
    gateway,
    keyring,
    method,
    request_authorizer,
    token_authorizer,
)
from gateline.compile import compile_gateway
from gateline.model.authorizer import AuthorizerKind
from gateline.model.gateway import Gateway
from gateline.model.hosting import HostConfiguration
from gateline.model.integration import Integration, IntegrationKind, Location
from gateline.model.origin import Origin
from gateline.model.rest_api import Method, MethodParameter, Stage


def hosting(project: Gateway) -> HostConfiguration:
    """What the host of a project is told."""
    return compile_gateway(project, keyring()).hosting


def test_a_project_without_functions_needs_no_host() -> None:
    assert not hosting(gateway(api(method("GET", "/a")))).is_needed
    assert not hosting(gateway(api(method("GET", "/a")), functions=(function(),))).is_needed


def test_only_functions_in_use_are_run() -> None:
    project = gateway(
        api(method("GET", "/a", authorization=authorized()), authorizers=(token_authorizer(),)),
        functions=(function(), function("other")),
    )
    assert [each.name for each in hosting(project).functions] == ["auth"]


def test_a_stage_tells_what_its_events_say() -> None:
    stage = Stage(name="prod", variables=(("a", "b"),), origin=ORIGIN)
    by = request_authorizer("method.request.header.X-Id", result_ttl=timedelta(seconds=7))
    spelled = (MethodParameter(location=Location.HEADER, name="X-Spelled"),)
    served = api(
        method("GET", "/a/{id}", authorization=authorized("request"), operation_name="readA"),
        method("POST", "/f", aws_proxy("work"), parameters=spelled),
        authorizers=(by, token_authorizer("unused")),
        stages=(stage,),
        api_id="a1b2c3",
        binary_media_types=("image/png",),
    )
    project = gateway(served, functions=(function(), function("work")), region="eu-west-1")
    [told] = hosting(project).stages
    assert (told.scope, told.api_id, told.stage, told.region) == (
        "orders/prod",
        "a1b2c3",
        "prod",
        "eu-west-1",
    )
    assert told.variables == (("a", "b"),)
    assert told.header_names == ("Authorization", "X-Id", "X-Spelled")
    assert told.binary_media_types == ("image/png",)
    [authorizer] = told.authorizers
    assert (authorizer.name, authorizer.kind, authorizer.function, authorizer.ttl) == (
        "request", AuthorizerKind.REQUEST, "auth", 7,
    )  # fmt: skip
    assert [(m.route, m.resource, m.operation_name, m.function) for m in told.methods] == [
        ("orders/prod GET /a/{id}", "/a/{id}", "readA", ""),
        ("orders/prod POST /f", "/f", "", "work"),
    ]


def test_stages_may_name_functions_of_their_own() -> None:
    stages = tuple(Stage(name=name, variables=(("fn", name),), origin=ORIGIN) for name in ("blue", "green"))
    by = token_authorizer(uri="arn:aws:lambda:us-east-1:1:function:${stageVariables.fn}:live")
    served = api(method("GET", "/a", authorization=authorized()), authorizers=(by,), stages=stages)
    told = hosting(gateway(served, functions=(function("blue"), function("green:live")))).stages
    assert [stage.authorizers[0].function for stage in told] == ["blue", "green:live"]


def test_an_authorizer_without_a_function_is_not_hosted() -> None:
    served = api(method("GET", "/a", authorization=authorized()), authorizers=(token_authorizer(),))
    assert not hosting(gateway(served)).is_needed
    assert DEV in served.stages


def test_a_stage_has_another_revision_whenever_what_the_host_knows_changes() -> None:
    def revision(*methods: Method, at: Origin = ORIGIN) -> str:
        moved = (replace(each, integration=replace(each.integration, origin=at)) for each in methods)
        [stage] = hosting(gateway(api(*moved))).stages
        return stage.revision

    http = Integration(kind=IntegrationKind.HTTP, uri="http://b.test/", http_method="GET", origin=ORIGIN)
    templates = (("application/json", "{}"),)
    first = revision(method("GET", "/a", http))
    assert first == revision(method("GET", "/a", http), at=Origin("elsewhere.yaml"))
    others = {
        revision(method("GET", "/a", replace(http, request_templates=templates))),
        revision(method("GET", "/a", replace(http, uri="http://b.test/other"))),
        revision(method("GET", "/a", http), method("GET", "/b", http)),
    }
    assert len({first, *others}) == 4
