"""What the host must know."""

from __future__ import annotations

from gateline.model.authorizer import AuthorizerKind
from gateline.model.hosting import (
    HostConfiguration,
    HostedAuthorizer,
    HostedLogin,
    HostedMethod,
    HostedStage,
)


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


def test_a_login_needs_the_host() -> None:
    assert HostConfiguration(logins=(HostedLogin(name="front:443/10"),)).is_needed


def test_a_login_names_its_listener() -> None:
    assert HostedLogin(name="front:443/default").listener == "front:443"


def test_no_secret_of_a_login_is_in_a_representation() -> None:
    configuration = HostConfiguration(
        logins=(HostedLogin(name="front:443/10", client_secret="of-the-client"),),
        session_keys=("0badcafe",),
        claims_keys=(("k1", "PRIVATE"),),
    )
    shown = repr(configuration)
    assert not any(secret in shown for secret in ("of-the-client", "0badcafe", "PRIVATE"))
