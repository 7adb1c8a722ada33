"""What the host must know."""

from __future__ import annotations

from gateline.model.authorizer import AuthorizerKind
from gateline.model.hosting import HostConfiguration, HostedAuthorizer, HostedMethod, HostedStage


def test_a_stage_needs_the_functions_of_its_authorizers_and_methods() -> None:
    authorizer = HostedAuthorizer(name="a", kind=AuthorizerKind.TOKEN, function="auth", ttl=0)
    methods = (
        HostedMethod(route="r", resource="/", resource_id="x", function="work"),
        HostedMethod(route="s", resource="/s", resource_id="y"),
    )
    stage = HostedStage(
        scope="a/b",
        api_id="a",
        stage="b",
        account_id="1",
        region="r",
        authorizers=(authorizer,),
        methods=methods,
    )
    assert stage.functions == {"auth", "work"}


def test_without_functions_no_host_is_needed() -> None:
    assert not HostConfiguration().is_needed
