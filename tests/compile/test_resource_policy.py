"""Resource policies as the compiler reads them; what they do to requests is in tests/dataplane."""

from __future__ import annotations

import json

import pytest

from compile.gateways import api, gateway, keyring, method
from gateline.compile import compile_gateway
from gateline.compile.resource_policy import resource_policy
from gateline.model.rest_api import RestApi

EDGE = gateway().edge


def with_policy(*statements: object) -> RestApi:
    return api(method("GET", "/a"), policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))


def statement(effect: str = "Allow", **fields: object) -> dict[str, object]:
    return {
        "Effect": effect,
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
    } | fields


def test_an_api_without_a_policy_has_none() -> None:
    assert resource_policy(api(method("GET", "/a")), EDGE) == ""


def test_the_short_form_of_a_resource_is_this_api() -> None:
    text = resource_policy(
        with_policy(statement(Resource=["execute-api:/*", "execute-api:/dev/GET/a"])), EDGE
    )
    begin = f"arn:aws:execute-api:{EDGE.region}:{EDGE.account_id}:orders"
    assert f"{begin}/*" in text
    assert f"{begin}/dev/GET/a" in text


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::1:root", "*"]}, ["*"]])
def test_a_statement_for_everybody_counts(principal: object) -> None:
    assert resource_policy(with_policy(statement(Principal=principal)), EDGE).startswith("1:11:A")


@pytest.mark.parametrize(
    "principal",
    [{"AWS": "arn:aws:iam::123456789012:root"}, {"Service": "*"}, {"Federated": "*"}, {"AWS": []}],
)
def test_a_statement_for_others_says_nothing_about_the_anonymous_caller(principal: object) -> None:
    assert resource_policy(with_policy(statement(Principal=principal)), EDGE) == "1:0"


def test_a_deny_of_all_but_some_is_a_deny_of_the_anonymous_caller() -> None:
    block = statement("Deny", NotPrincipal={"AWS": "arn:aws:iam::123456789012:root"})
    del block["Principal"]
    assert resource_policy(with_policy(block), EDGE).startswith("1:11:D")
    block["NotPrincipal"] = "*"
    assert resource_policy(with_policy(block), EDGE) == "1:0"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (statement(Resource="everything"), "expected an ARN"),
        ({"Effect": "Allow", "Action": "*", "Resource": "*"}, "either Principal or NotPrincipal"),
        (statement(NotPrincipal="*"), "either Principal or NotPrincipal"),
        (statement(Extra=1), "unknown element"),
        ("text", "expected an object"),
    ],
)
def test_what_cannot_be_judged_is_refused_and_denies_all(broken: object, said: str) -> None:
    served = with_policy(broken)
    result = compile_gateway(gateway(served), keyring(), allowed=frozenset({"GL513"}))
    assert result.resources is None
    [complaint] = result.report.diagnostics
    assert complaint.code.name == "GL513"
    assert said in complaint.message
    assert resource_policy(served, EDGE) == "1:11:D1:01:11:*1:0"
