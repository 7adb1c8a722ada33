"""Authorizers in a stage's table."""

from __future__ import annotations

from compile.gateways import DEV, api, request_authorizer, token_authorizer
from gateline.compile.authorizer import identity_headers, put_authorizer
from gateline.compile.table import Table
from gateline.model.authorizer import Authorizer


def written(authorizer: Authorizer) -> str:
    """The authorizer as the script reads it."""
    table = Table()
    put_authorizer(table, authorizer, api(api_id="a1"), DEV)
    return table.text


def test_a_token_authorizer_is_its_header() -> None:
    assert written(token_authorizer("t", "X-Token")) == "1:t5:token1:17:x-token"


def test_a_source_is_one_value_or_all_of_them() -> None:
    sources = (
        "method.request.header.Host",
        "method.request.querystring.q",
        "method.request.multivaluequerystring.m",
        "stageVariables.none",
        "context.stage",
    )
    assert written(request_authorizer(*sources, name="r")) == (
        "1:r7:request1:11:56:header10::authority5:query1:q7:queries1:m7:literal0:7:literal3:dev"
    )


def test_callers_are_known_by_these_headers() -> None:
    assert identity_headers(token_authorizer("t", "X-Token")) == ("X-Token",)
    by = request_authorizer("method.request.querystring.q", "method.request.header.X-Id", "context.stage")
    assert identity_headers(by) == ("X-Id",)
