"""What a resource policy does to requests, before any authorizer is asked (api-gateway.md section 17)."""

from __future__ import annotations

import json

import pytest

from compile.gateways import api, compiled, gateway, method, mock
from dataplane.simulated_envoy import SimulatedEnvoy
from gateline.model.rest_api import RestApi

ARN = "arn:aws:execute-api:us-east-1:********9012:orders"
INVOKE = "User: anonymous is not authorized to perform: execute-api:Invoke on resource: "


def allow(resource: str = "execute-api:/*", **fields: object) -> dict[str, object]:
    return {"Effect": "Allow", "Principal": "*", "Action": "execute-api:*", "Resource": resource} | fields


def deny(resource: str, **fields: object) -> dict[str, object]:
    return allow(resource, Effect="Deny", **fields)


OTHERS = allow(Principal={"AWS": "arn:aws:iam::123456789012:root"})


def served(*statements: object) -> RestApi:
    methods = (method("GET", "/a", mock()), method("GET", "/a/{id}", mock()), method("POST", "/a", mock()))
    return api(*methods, policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))


@pytest.mark.parametrize(
    ("statements", "verb", "path", "verdict"),
    [
        ((allow(),), "GET", "/dev/a", "orders/dev GET /a"),
        ((allow("execute-api:/dev/GET/*"),), "GET", "/dev/a", "orders/dev GET /a"),
        ((allow("execute-api:/dev/GET/*"),), "POST", "/dev/a", "403 policy_deny"),
        ((allow("execute-api:/prod/*"),), "GET", "/dev/a", "403 policy_deny"),
        ((allow(), deny("execute-api:/*/POST/*")), "POST", "/dev/a", "403 policy_explicit_deny"),
        ((allow(), deny("execute-api:/*/POST/*")), "GET", "/dev/a", "orders/dev GET /a"),
        ((OTHERS,), "GET", "/dev/a", "403 policy_deny"),
        ((allow(), deny("execute-api:/dev/GET/a/7")), "GET", "/dev/a/%37", "403 policy_explicit_deny"),
        ((allow(),), "GET", "/dev/nothing", "403 no_method"),
    ],
)
def test_a_policy_decides_who_may_call(
    statements: tuple[object, ...], verb: str, path: str, verdict: str
) -> None:
    envoy = SimulatedEnvoy(compiled(gateway(served(*statements))))
    assert envoy.request(verb, path).verdict == verdict


def test_a_denied_caller_is_told_in_amazons_words_and_no_account() -> None:
    envoy = SimulatedEnvoy(compiled(gateway(served(deny("execute-api:/*")))))
    answer = envoy.request("GET", "/dev/a").answer
    assert answer is not None
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert answer.body == f'{{"Message":"{INVOKE}{ARN}/dev/GET/a with an explicit deny"}}'
    envoy = SimulatedEnvoy(compiled(gateway(served(OTHERS))))
    answer = envoy.request("GET", "/dev/a").answer
    assert answer is not None
    assert answer.body == f'{{"Message":"{INVOKE}{ARN}/dev/GET/a"}}'


def test_addresses_are_conditions() -> None:
    inside = deny("execute-api:/*", Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    envoy = SimulatedEnvoy(compiled(gateway(served(allow(), inside))))
    assert envoy.request("GET", "/dev/a", remote_address="10.1.2.3:5").verdict == "orders/dev GET /a"
    assert envoy.request("GET", "/dev/a", remote_address="192.0.2.1:5").verdict == "403 policy_explicit_deny"


def test_a_deny_of_all_but_one_endpoint_denies_all() -> None:
    """No request here comes through an Amazon endpoint."""
    endpoint = deny("execute-api:/*", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})
    envoy = SimulatedEnvoy(compiled(gateway(served(allow(), endpoint))))
    assert envoy.request("GET", "/dev/a").verdict == "403 policy_explicit_deny"
