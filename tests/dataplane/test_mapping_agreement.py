"""Script and host map parameters alike: of an `http_proxy` and an `http` integration a backend gets the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from compile.gateways import ORIGIN, api, compiled, gateway, http_proxy, method
from dataplane.simulated_envoy import REQUEST_ID, SimulatedEnvoy
from gateline.integrations.call import Call
from gateline.integrations.context import Circumstances
from gateline.integrations.exchange import Exchange
from gateline.integrations.outgoing import HttpRequest, Refusal
from gateline.integrations.prepared import Prepared
from gateline.model.hosting import HostedMethod, HostedStage
from gateline.model.integration import (
    ContextSource,
    IntegrationKind,
    Location,
    ParameterMapping,
    RequestSource,
)

RESOURCE: Final = "/a/{id}/{rest+}"
URI: Final = "http://backend.example:8080/b/{one}/{two}"
NAMES: Final = st.sampled_from(["id", "rest", "q", "r", "X-One", "none"])
SOURCES: Final = st.one_of(
    st.builds(RequestSource, st.just(Location.QUERYSTRING), NAMES, st.booleans()),
    st.builds(RequestSource, st.just(Location.HEADER), NAMES),
    st.builds(RequestSource, st.just(Location.PATH), st.sampled_from(["id", "rest"])),
    st.builds(
        ContextSource, st.sampled_from(["identity.sourceIp", "path", "requestId", "httpMethod", "protocol"])
    ),
)
PATHS: Final = st.sampled_from(["/a/7/x", "/a/b-c/d", "/a/%41/z%2Fy", "/a/~x/a;b", "/a/7/x/y"])
QUERIES: Final = st.sampled_from(
    ["", "q=1", "q=1&q=2", "q=a+b&r=%22", "q=%2e%2e", "q", "q=%zz;id=5", "r=%C3%A9", "q=a%0Ab", "q=%2F..%2F"]
)
VALUES: Final = st.sampled_from(["", "v", "a b", 'a"b', "..", "a/b", "a,b", "%41"])


def mappings(
    sources: dict[tuple[Location, str], RequestSource | ContextSource],
) -> tuple[ParameterMapping, ...]:
    return tuple(
        ParameterMapping(location=location, name=name, source=source, origin=ORIGIN)
        for (location, name), source in sources.items()
    )


def sent_by(exchange: Exchange) -> HttpRequest | None:
    """What the host sends; None when it refuses the request."""
    try:
        sent = exchange.outgoing()
    except Refusal:
        return None
    assert isinstance(sent, HttpRequest)
    return sent


@settings(max_examples=200, deadline=None)
@given(
    sources=st.dictionaries(
        st.sampled_from(
            [
                (Location.PATH, "one"),
                (Location.PATH, "two"),
                (Location.HEADER, "x-a"),
                (Location.HEADER, "x-b"),
            ]
        ),
        SOURCES,
        max_size=4,
    ),
    path=PATHS,
    query=QUERIES,
    value=VALUES,
)
def test_the_script_and_the_host_map_alike(
    sources: dict[tuple[Location, str], RequestSource | ContextSource], path: str, query: str, value: str
) -> None:
    mapped = mappings(sources)
    proxy = replace(http_proxy(URI), request_parameters=mapped)
    envoy = SimulatedEnvoy(compiled(gateway(api(method("GET", RESOURCE, proxy)))))
    outcome = envoy.request("GET", f"/dev{path}" + (f"?{query}" if query else ""), [("x-one", value)])
    assert not outcome.thrown, outcome.thrown

    first, rest = path.removeprefix("/a/").split("/", 1)
    call = Call(
        scope="orders/dev",
        route=f"orders/dev GET {RESOURCE}",
        request_id=REQUEST_ID,
        trace_id="",
        verb="GET",
        full_path=f"/dev{path}",
        path=path,
        query=query.encode(),
        authority="localhost",
        source_ip="127.0.0.1",
        protocol="HTTP/1.1",
        path_parameters=(("id", first), ("rest", rest)),
    )
    hosted = HostedMethod(
        route=call.route,
        resource=RESOURCE,
        resource_id="abc",
        integration=replace(proxy, kind=IntegrationKind.HTTP),
        authority="backend.example:8080",
    )
    stage = HostedStage(
        scope="orders/dev", api_id="orders", stage="dev", account_id="123456789012", region="us-east-1"
    )
    at = Circumstances(call=call, stage=stage, method=hosted, epoch_ms=envoy.now)
    exchange = Exchange(Prepared(hosted), at, ((b"x-one", value.encode()),), b"")
    sent = sent_by(exchange)
    if outcome.answer is not None or sent is None:
        assert (outcome.answer is not None and outcome.answer.status == 400, sent) == (True, None)
        return
    assert outcome.path.partition("?")[0] == sent.target.partition("?")[0]
    headers = {name: text.encode().decode("latin-1") for name, text in sent.headers}
    for name in ("x-a", "x-b"):
        assert outcome.header(name) == headers.get(name), name
