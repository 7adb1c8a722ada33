"""D: headers by which a client claims what only a proxy may say, and hop-by-hop headers."""

from __future__ import annotations

import pytest

from attacks.front import Front, pseudo_headers, request

pytestmark = pytest.mark.envoy

OWNED = {
    "D1 X-Forwarded-For": b"X-Forwarded-For: 6.6.6.6",
    "D1 X-Forwarded-For in a list": b"X-Forwarded-For: 6.6.6.6, 127.0.0.1",
    "D1 X-Forwarded-For twice": b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 6.6.6.7",
    "D1 X_Forwarded_For": b"X_Forwarded_For: 6.6.6.6",
    "D1 x.forwarded.for": b"x.forwarded.for: 6.6.6.6",
    "D1 Forwarded": b"Forwarded: for=6.6.6.6;proto=https;host=evil.example",
    "D1 x-envoy-external-address": b"x-envoy-external-address: 6.6.6.6",
    "D1 x-envoy-internal": b"x-envoy-internal: true",
    "D2 X-Forwarded-Proto": b"X-Forwarded-Proto: https",
    "D2 X-Forwarded-Port": b"X-Forwarded-Port: 443",
    "D2 X-Forwarded-Host": b"X-Forwarded-Host: evil.example",
    "D2 X-Forwarded-Server": b"X-Forwarded-Server: evil.example",
    "D2 X-Forwarded-Uri": b"X-Forwarded-Uri: /admin",
    "D2 X-Forwarded-Prefix": b"X-Forwarded-Prefix: /admin",
    "D2 X-Forwarded-Method": b"X-Forwarded-Method: DELETE",
    "D2 X-Forwarded-Scheme": b"X-Forwarded-Scheme: https",
    "D2 X-Forwarded-Path": b"X-Forwarded-Path: /admin",
    "D2 X-Forwarded-User": b"X-Forwarded-User: root",
    "D2 X-Forwarded-Client-Cert": b"X-Forwarded-Client-Cert: By=evil",
    "D2 X_Forwarded_Host": b"X_Forwarded_Host: evil.example",
    "D2 X-Original-URL": b"X-Original-URL: /admin",
    "D2 X-Original-Uri": b"X-Original-Uri: /admin",
    "D2 X-Original-Path": b"X-Original-Path: /admin",
    "D2 X-Original-Host": b"X-Original-Host: evil.example",
    "D2 X-Original-Method": b"X-Original-Method: DELETE",
    "D2 X_Original_URL": b"X_Original_URL: /admin",
    "D2 X-Rewrite-URL": b"X-Rewrite-URL: /admin",
    "D2 x_rewrite_url": b"x_rewrite_url: /admin",
    "D2 x-envoy-original-path": b"x-envoy-original-path: /admin",
    "D2 x-envoy-original-host": b"x-envoy-original-host: evil.example",
    "D2 x-envoy-original-dst-host": b"x-envoy-original-dst-host: 127.0.0.1:22",
    "D2 x-envoy-upstream-rq-timeout-ms": b"x-envoy-upstream-rq-timeout-ms: 1",
    "D2 x-envoy-expected-rq-timeout-ms": b"x-envoy-expected-rq-timeout-ms: 1",
    "D2 x-envoy-max-retries": b"x-envoy-max-retries: 9",
    "D2 x-envoy-retry-on": b"x-envoy-retry-on: 5xx",
    "D2 x-envoy-decorator-operation": b"x-envoy-decorator-operation: evil",
    "D2 x-envoy-force-trace": b"x-envoy-force-trace: 1",
    "D2 x-envoy-attempt-count": b"x-envoy-attempt-count: 7",
    "D2 x-envoy-peer-metadata": b"x-envoy-peer-metadata: evil",
    "D2 x_envoy_original_path": b"x_envoy_original_path: /admin",
    "D2 X-Amzn-Oidc-Identity": b"X-Amzn-Oidc-Identity: root",
    "D2 X-Amzn-Oidc-Accesstoken": b"X-Amzn-Oidc-Accesstoken: evil",
    "D2 X-Amzn-Mtls-Clientcert": b"X-Amzn-Mtls-Clientcert: evil",
    "D2 X-Amzn-Tls-Version": b"X-Amzn-Tls-Version: evil",
    "D2 x-amzn-apigateway-api-id": b"x-amzn-apigateway-api-id: evil",
    "D2 x-amzn-requestid": b"x-amzn-requestid: evil",
    "D2 x-amzn-request-context": b'x-amzn-request-context: {"authorizer":"evil"}',
    "D2 x-amzn-lambda-context": b'x-amzn-lambda-context: {"identity":"evil"}',
    "D3 X-Amzn-Oidc-Data": b"X-Amzn-Oidc-Data: eyJzaWduZXIiOiJldmlsIn0.e30.evil",
    "D3 X_Amzn_Oidc_Data": b"X_Amzn_Oidc_Data: evil",
}

HOP_BY_HOP = {
    "Via": b"Via: 1.1 evil",
    "TE": b"TE: trailers",
    "Trailer": b"Trailer: x-gw-secret",
    "Keep-Alive": b"Keep-Alive: timeout=5",
    "Proxy-Connection": b"Proxy-Connection: keep-alive",
    "Proxy-Authenticate": b"Proxy-Authenticate: Basic",
    "Upgrade without Connection": b"Upgrade: websocket",
    "HTTP2-Settings": b"HTTP2-Settings: AAA",
    "Max-Forwards": b"Max-Forwards: 0",
    "Content-MD5": b"Content-MD5: evil",
    "Content-Encoding": b"Content-Encoding: gzip",
    "Server": b"Server: evil",
    "WWW-Authenticate": b"WWW-Authenticate: evil",
    "Expect": b"Expect: 200-ok",
    "Connection": b"Connection: keep-alive",
}

SPOOFED_SCHEMES = {
    "E1 two headers": b"Authorization: Bearer good\r\nAuthorization: Bearer evil",
    "E1 two schemes": b"Authorization: Bearer good\r\nAuthorization: Basic ZXZpbA==",
    "E1 one header": b"Authorization: Bearer good, Bearer evil",
    "E1 one header without a space": b"Authorization: Bearer good,Basic ZXZpbA==",
    "E1 three": b"Authorization: Bearer good\r\nAuthorization: x\r\nAuthorization: Basic ZXZpbA==",
    "E1 in two cases": b"Authorization: Bearer good\r\nAUTHORIZATION: Bearer evil",
    "E1 a quote that does not close": b'Authorization: Bearer "good\r\nAuthorization: Basic evil',
    "E1 a quote that closes before the comma": b'Authorization: Digest a="b"\r\nAuthorization: Basic evil',
    "E1 a parameter before the comma": b"Authorization: Digest a=b, Basic evil",
    "E1 an empty one between": b"Authorization: Bearer good\r\nAuthorization:\r\nAuthorization: Bearer evil",
    "E1 a scheme without parameters": b"Authorization: Bearer good, Negotiate",
    "E1 two bare tokens": b"Authorization: good\r\nAuthorization: evil",
    "E1 a scheme behind a tab": b"Authorization: Bearer good,\tBearer\tevil",
}

CREDENTIALS = {
    "token": b"Bearer a.b.c",
    "digest": b'Digest username="a", realm="r", nonce="n", uri="/", response="0"',
    "signature": b"AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host;x-amz-date, Signature=0",
    "no scheme": b"token",
    "empty": b"",
}


def usual_headers(front: Front) -> list[tuple[bytes, bytes]]:
    """What a backend gets when the client sends nothing but a Host; ids apart."""
    received = front.reaches(request(b"/prod/x/y"))
    front.backend.clear()
    return [pair for pair in received.headers if pair[0] != b"x-amzn-trace-id"]


@pytest.mark.parametrize("lines", [*OWNED.values(), *HOP_BY_HOP.values()], ids=[*OWNED, *HOP_BY_HOP])
def test_a_header_that_is_not_the_clients_to_say_changes_nothing(front: Front, lines: bytes) -> None:
    expected = usual_headers(front)
    received = front.reaches(request(b"/prod/x/y", lines))
    assert [pair for pair in received.headers if pair[0] != b"x-amzn-trace-id"] == expected


def test_all_of_them_at_once_change_nothing_over_http2(front: Front) -> None:
    expected = usual_headers(front)
    lines = [line for lines in OWNED.values() for line in lines.split(b"\r\n")]
    pairs = [(name.lower(), value) for name, _, value in (line.partition(b": ") for line in lines)]
    received = front.http2_reaches([*pseudo_headers(b"/prod/x/y"), *pairs])
    assert [pair for pair in received.headers if pair[0] != b"x-amzn-trace-id"] == expected


def test_a_backend_gets_nothing_but_what_is_meant_for_it(front: Front) -> None:
    received = front.reaches(request(b"/prod/x/y"))
    assert received.names == {
        b"host",
        b"accept",
        b"user-agent",
        b"x-amzn-apigateway-api-id",
        b"x-amzn-trace-id",
        b"x-forwarded-for",
        b"x-forwarded-port",
        b"x-forwarded-proto",
    }
    assert received.all(b"x-forwarded-for") == [b"127.0.0.1"]
    assert received.all(b"x-forwarded-port") == [b"%d" % front.port]
    assert received.all(b"x-forwarded-proto") == [b"http"]


@pytest.mark.parametrize("path", [b"/prod/orders", b"/prod/x/y"])
def test_d1_the_client_address_is_the_peers_without_a_trusted_proxy(front: Front, path: bytes) -> None:
    received = front.reaches(request(path, b"X-Forwarded-For: 10.0.0.1", b"X-Real-IP: 10.0.0.1"))
    assert received.all(b"x-forwarded-for") == [b"127.0.0.1"]
    assert received.all(b"x-client-address") in ([], [b"127.0.0.1"])


@pytest.mark.parametrize(
    ("lines", "address", "chain"),
    [
        pytest.param([], b"127.0.0.1", b"127.0.0.1", id="nothing said"),
        pytest.param([b"X-Forwarded-For: 10.0.0.1"], b"10.0.0.1", b"10.0.0.1,127.0.0.1", id="one"),
        pytest.param(
            [b"X-Forwarded-For: 6.6.6.6, 10.0.0.1"], b"10.0.0.1", b"6.6.6.6, 10.0.0.1,127.0.0.1", id="two"
        ),
        pytest.param(
            [b"X-Forwarded-For: 6.6.6.6", b"X-Forwarded-For: 10.0.0.1"],
            b"10.0.0.1",
            b"6.6.6.6,10.0.0.1,127.0.0.1",
            id="two headers",
        ),
    ],
)
def test_d1_one_trusted_proxy_is_believed_for_one_entry(
    front_behind_proxy: Front, lines: list[bytes], address: bytes, chain: bytes
) -> None:
    received = front_behind_proxy.reaches(request(b"/prod/orders", *lines))
    assert received.all(b"x-client-address") == [address]
    assert received.all(b"x-forwarded-for") == [chain]


@pytest.mark.parametrize("value", [b"evil", b"10.0.0.1:80", b"6.6.6.6, evil", b"", b",", b"%REQ(host)%"])
def test_d1_nonsense_in_a_trusted_chain_is_no_address(front_behind_proxy: Front, value: bytes) -> None:
    received = front_behind_proxy.reaches(request(b"/prod/orders", b"X-Forwarded-For: " + value))
    assert received.all(b"x-client-address") == [b"127.0.0.1"]


@pytest.mark.parametrize(
    "line",
    [
        b"X_Forwarded_For: 6.6.6.6",
        b"x.forwarded.proto: https",
        b"X-Forwarded-Uri: /admin",
        b"X-Forwarded-Prefix: /admin",
        b"X-Forwarded-Method: DELETE",
        b"X-Forwarded-Client-Cert: By=evil",
        b"Forwarded: for=6.6.6.6",
        b"X-Original-URL: /admin",
        b"x-envoy-external-address: 6.6.6.6",
    ],
)
def test_d2_a_trusted_proxy_is_believed_for_nothing_else(front_behind_proxy: Front, line: bytes) -> None:
    expected = usual_headers(front_behind_proxy)
    received = front_behind_proxy.reaches(request(b"/prod/x/y", line))
    assert [pair for pair in received.headers if pair[0] != b"x-amzn-trace-id"] == expected


@pytest.mark.parametrize("lines", SPOOFED_SCHEMES.values(), ids=SPOOFED_SCHEMES)
def test_e1_credentials_in_which_a_second_scheme_starts_are_refused(front: Front, lines: bytes) -> None:
    assert front.refuses(request(b"/prod/x/y", lines)).status in (400, 401)


@pytest.mark.parametrize("lines", SPOOFED_SCHEMES.values(), ids=SPOOFED_SCHEMES)
def test_e1_credentials_in_which_a_second_scheme_starts_are_refused_over_http2(
    front: Front, lines: bytes
) -> None:
    pairs = [(b"authorization", line.partition(b":")[2].strip()) for line in lines.split(b"\r\n")]
    front.http2_refuses([*pseudo_headers(b"/prod/x/y"), *pairs])


@pytest.mark.parametrize("value", CREDENTIALS.values(), ids=CREDENTIALS)
def test_credentials_of_one_scheme_pass_byte_for_byte(front: Front, value: bytes) -> None:
    assert front.reaches(request(b"/prod/x/y", b"Authorization: " + value)).all(b"authorization") == [value]
