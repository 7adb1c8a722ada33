"""The details of a method, as the script reads them."""

from __future__ import annotations

from compile.gateways import api, authorized, aws_proxy, method, request_authorizer, token_authorizer
from gateline.compile.details import NOT_IMPLEMENTED, Details


def test_all_begin_with_kind_route_and_authorizer() -> None:
    served = method("GET", "/a/{id}", authorization=authorized())
    details = Details(
        api=api(served, authorizers=(token_authorizer(),)), method=served, route="o/dev GET /a", authorizer=2
    )
    assert details.error(NOT_IMPLEMENTED, "why").startswith("5:error12:o/dev GET /a1:21:0")


def test_functions_are_told_of_the_path_parameters() -> None:
    for served in (
        method("GET", "/a/{id}/{rest+}", authorization=authorized("request")),
        method("GET", "/a/{id}/{rest+}", aws_proxy()),
    ):
        details = Details(
            api=api(served, authorizers=(request_authorizer(),)), method=served, route="r", authorizer=0
        )
        assert "1:22:id7:segment1:24:rest6:greedy1:3" in details.function()
