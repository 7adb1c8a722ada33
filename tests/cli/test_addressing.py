from __future__ import annotations

from dataclasses import replace

import pytest
import typer

from compile.gateways import api, domain, gateway, method
from gateline.cli.addressing import addressed
from gateline.model.gateway import Gateway
from gateline.model.origin import Origin
from gateline.model.rest_api import Stage

HERE = Origin("gateline.yaml")


@pytest.fixture
def shops() -> Gateway:
    """Two APIs, the first of which is the default one and has two stages."""
    stages = tuple(Stage(name=name, origin=HERE) for name in ("prod", "test"))
    methods = (method("GET", "/orders/{id}"), method("GET", "/"))
    first = replace(api(*methods), name="shop", stages=stages)
    second = replace(api(*methods), name="admin", stages=stages[:1])
    made = gateway(first)
    edge = replace(made.edge, default_api="shop", hosts=("gw.example.com",))
    return replace(made, apis=(first, second), edge=edge)


@pytest.mark.parametrize(
    ("target", "options", "reached"),
    [
        ("/prod/orders/7", {}, "shop/prod /orders/7"),
        ("/test/orders/7", {}, "shop/test /orders/7"),
        ("/orders/7", {"stage": "test"}, "shop/test /orders/7"),
        ("/test/orders/7", {"stage": "test"}, "shop/test /orders/7"),
        ("/prod", {}, "shop/prod /"),
        ("/prod/", {}, "shop/prod /"),
        ("//prod//orders/7", {}, "shop/prod /orders/7"),
        ("/orders/7", {"api": "admin"}, "admin/prod /orders/7"),
        ("/prod/orders/7", {"host": "admin.localhost:8080"}, "admin/prod /orders/7"),
        ("/prod/orders/7", {"host": "ADMIN.execute-api.eu-west-1.amazonaws.com"}, "admin/prod /orders/7"),
        ("/prod/orders/7", {"host": "gw.example.com"}, "shop/prod /orders/7"),
        ("/prod/orders/7", {"host": "127.0.0.1:8080"}, "shop/prod /orders/7"),
        ("/prod/orders/7", {"host": "[::1]:8080"}, "shop/prod /orders/7"),
        ("/restapis/admin/prod/_user_request_/orders/7", {}, "admin/prod /orders/7"),
        ("/restapis/shop/test/_user_request_", {}, "shop/test /"),
    ],
)
def test_host_and_path_name_an_api_and_a_stage(
    shops: Gateway, target: str, options: dict[str, str], reached: str
) -> None:
    found = addressed(shops, "get", target, **{"api": "", "stage": "", "host": "", **options})
    assert f"{found.api.name}/{found.stage.name} {found.path}" == reached
    assert found.verb == "GET"
    assert found.found is not None


@pytest.mark.parametrize(
    ("target", "host", "reached"),
    [
        ("/orders/7", "api.example.com", "shop/prod /orders/7 /orders/7"),
        ("/v2/orders/7", "API.example.com.:8080", "shop/test /orders/7 /v2/orders/7"),
        ("/v2//orders/7", "api.example.com", "shop/test /orders/7 /v2/orders/7"),
        ("/v2/admin/orders/7", "api.example.com", "admin/prod /orders/7 /v2/admin/orders/7"),
        ("/v2", "api.example.com", "shop/test / /v2/"),
        ("/a/orders/7", "any.example.com", "admin/prod /orders/7 /a/orders/7"),
    ],
)
def test_a_custom_domain_leads_to_the_stage_of_its_longest_base_path(
    shops: Gateway, target: str, host: str, reached: str
) -> None:
    domains = (
        domain("api.example.com", {"": "shop/prod", "v2": "shop/test", "v2/admin": "admin/prod"}),
        domain("*.example.com", {"a": "admin/prod"}),
    )
    found = addressed(replace(shops, domains=domains), "GET", target, api="", stage="", host=host)
    assert f"{found.api.name}/{found.stage.name} {found.path} {found.full_path}" == reached
    assert found.told_path == found.full_path
    assert found.found is not None


def test_a_path_that_no_base_path_of_a_domain_begins_reaches_nobody(shops: Gateway) -> None:
    domains = (domain("*.example.com", {"a": "admin/prod"}),)
    with pytest.raises(typer.BadParameter, match="403 Forbidden"):
        addressed(replace(shops, domains=domains), "GET", "/ab", api="", stage="", host="x.example.com")


def test_the_query_is_kept_apart(shops: Gateway) -> None:
    found = addressed(shops, "GET", "/prod/orders/7?a=b?c", api="", stage="", host="")
    assert (found.path, found.query, found.full_path) == ("/orders/7", "a=b?c", "/prod/orders/7")


def test_what_no_method_serves_is_found_nowhere(shops: Gateway) -> None:
    assert addressed(shops, "GET", "/prod/none", api="", stage="", host="").found is None


@pytest.mark.parametrize(
    ("target", "options", "said"),
    [
        ("orders/7", {}, "it begins with '/'"),
        ("/orders/7", {}, "'shop' has several stages: choose one of prod, test"),
        ("/orders/7", {"stage": "tset"}, "'shop' has no stage 'tset'; did you mean 'test'?"),
        ("/prod/x", {"api": "shpo"}, "there is no API 'shpo'; did you mean 'shop'?"),
        ("/prod/x", {"host": "other.example.com"}, "no API answers to the host 'other.example.com'"),
    ],
)
def test_what_cannot_be_told_is_a_fault_of_usage(
    shops: Gateway, target: str, options: dict[str, str], said: str
) -> None:
    with pytest.raises(typer.BadParameter, match=r".") as raised:
        addressed(shops, "GET", target, **{"api": "", "stage": "", "host": "", **options})
    assert said in raised.value.message


def test_several_apis_and_no_default_one_need_a_name(shops: Gateway) -> None:
    nobody = replace(shops, edge=replace(shops.edge, default_api=""))
    with pytest.raises(typer.BadParameter, match="choose one of shop, admin"):
        addressed(nobody, "GET", "/prod/orders/7", api="", stage="", host="")
