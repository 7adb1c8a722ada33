"""A call, a stage and a method, as the tests of this room use them."""

from __future__ import annotations

from gateline.dataplane.netstring import NetstringWriter
from gateline.integrations.call import Authorized, Call
from gateline.integrations.context import Circumstances
from gateline.model.hosting import HostedMethod, HostedStage

EPOCH_MS = 1428582896789  # 9 April 2015, 12:34:56.789 UTC
REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

STAGE = HostedStage(
    scope="storefront/prod",
    api_id="1234567890",
    stage="prod",
    account_id="123456789012",
    region="us-east-1",
    variables=(("url", "internal.storefront"),),
    header_names=("X-Tenant", "authorization", "Accept"),
)
METHOD = HostedMethod(
    route="storefront/prod GET /orders/{id}",
    resource="/orders/{id}",
    resource_id="a1b2c3",
    operation_name="GetOrder",
    function="orders",
)
AUTHORIZED = Authorized(
    principal="user-7", integration_latency=12, context=(("tenant", "acme"), ("admin", "true"))
)
CALL = Call(
    scope="storefront/prod",
    route="storefront/prod GET /orders/{id}",
    request_id=REQUEST_ID,
    trace_id="Root=1-5526f7f0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0",
    verb="GET",
    full_path="/prod/orders/7",
    path="/orders/7",
    query=b"color=red&color=blue&q=a+b%2B",
    authority="storefront.localhost:8080",
    source_ip="203.0.113.9",
    protocol="HTTP/1.1",
    path_parameters=(("id", "7"),),
)
HEADERS = (
    (b":path", b"/prod/orders/7"),
    (b"user-agent", b"curl/8.5.0"),
    (b"accept", b"*/*"),
    (b"x-tenant", b"acme"),
    (b"x-request", b"1"),
    (b"x-request", b"2"),
    (b"authorization", b"Bearer t0ken"),
    (b"x-forwarded-for", b"203.0.113.9"),
    (b"x-forwarded-proto", b"http"),
    (b"x-forwarded-port", b"8080"),
    (b"x-gl-scope", b"storefront/prod"),
    (b"x-envoy-expected-rq-timeout-ms", b"29000"),
)
AT = Circumstances(call=CALL, stage=STAGE, method=METHOD, epoch_ms=EPOCH_MS)


def written(call: Call) -> bytes:
    """CALL, as the script writes it."""
    writer = NetstringWriter()
    writer.put(call.scope, call.route, call.request_id, call.trace_id, call.verb, call.full_path, call.path)
    writer.put(call.query, call.authority, call.source_ip, call.protocol)
    writer.put_pairs(call.path_parameters)
    authorized = call.authorized
    if authorized is None:
        writer.put("", "")
        writer.put_pairs(())
    else:
        writer.put(authorized.principal, authorized.integration_latency)
        writer.put_pairs(authorized.context)
    writer.put(call.api_key, call.api_key_id, call.revision)
    return writer.data
