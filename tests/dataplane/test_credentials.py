"""Two credentials in one request: Envoy joins Authorization headers with a comma (attacks.md E1)."""

from __future__ import annotations

import pytest

from compile.gateways import routes
from dataplane.simulated_envoy import SimulatedEnvoy


@pytest.fixture(scope="module")
def envoy() -> SimulatedEnvoy:
    return SimulatedEnvoy(routes("GET /a"))


@pytest.mark.parametrize(
    "value",
    [
        "Bearer one, Bearer two",
        "Bearer one,Bearer two",
        "Bearer one ,\tBearer\ttwo",
        "Bearer one, two",
        "Bearer one,two",
        "Basic eA==, Bearer two",
        "Bearer one,, Bearer two",
        'Digest username="a", realm="b", Bearer two',
        'Digest username="a, Bearer two',  # a quote that never ends
        "Bearer one, x,y=1",
        ", Bearer two",
    ],
)
def test_a_second_credential_after_a_comma_is_refused(envoy: SimulatedEnvoy, value: str) -> None:
    assert envoy.request("GET", "/dev/a", [("authorization", value)]).verdict == "400 two_credentials"


@pytest.mark.parametrize(
    "value",
    [
        "Bearer one",
        "",
        "one",
        "Basic eDp5eg==",
        'Digest username="a", realm="b, c", nonce="d=", uri="/x", qop=auth',
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host;x-amz-date, Signature=c",
        'Signature keyId="k",algorithm="hs2019",signature="a,b"',
        "Bearer one,",
        "Bearer one, ",
    ],
)
def test_one_credential_passes_with_its_parameters(envoy: SimulatedEnvoy, value: str) -> None:
    outcome = envoy.request("GET", "/dev/a", [("authorization", value)])
    assert outcome.verdict == "orders/dev GET /a"
    assert outcome.header("authorization") == value


def test_two_headers_are_two_credentials(envoy: SimulatedEnvoy) -> None:
    headers = [("authorization", "Bearer one"), ("authorization", "Bearer two")]
    assert envoy.request("GET", "/dev/a", headers).verdict == "400 two_credentials"
    same = [("authorization", "Bearer one"), ("authorization", "Bearer one")]
    assert envoy.request("GET", "/dev/a", same).verdict == "400 two_credentials"
