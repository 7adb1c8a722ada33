"""The script and the host give the same gateway response for any customisation and any request."""

from __future__ import annotations

from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from compile.gateways import ORIGIN, api, compiled, gateway, http_proxy, method
from dataplane.simulated_envoy import REQUEST_ID, SimulatedEnvoy
from gateline.compile.gateway_response import answers
from gateline.compile.mapping import resource_id
from gateline.integrations.call import Call
from gateline.integrations.context import Circumstances
from gateline.integrations.gateway_response import answer
from gateline.model.gateway_response import Part, PartKind
from gateline.model.hosting import HostedMethod, HostedStage
from gateline.model.rest_api import GatewayResponse, Stage

TYPE: Final = "API_CONFIGURATION_ERROR"
STAGE: Final = Stage(name="dev", variables=(("tenant", "acme"),), origin=ORIGIN)
RESOURCE: Final = "/a/{id}/{rest+}"

TEXTS: Final = st.text('abc $%"\\<>{}\t\n', max_size=6)
NAMES: Final = st.sampled_from(
    ["id", "rest", "q", "X-One", "Host", "Accept", "Content-Length", "none", "error.message"]
)
CONTEXT: Final = st.sampled_from(
    [
        "error.message", "error.messageString", "error.responseType", "error.validationErrorString", "requestId",
        "extendedRequestId", "identity.sourceIp", "identity.userAgent", "path", "httpMethod", "protocol",
        "domainName", "domainPrefix", "resourcePath", "resourceId", "accountId", "apiId", "stage", "requestTimeEpoch",
        "authorizer.principalId", "identity.apiKey", "identity.user", "nothing", "tenant",
    ]
)  # fmt: skip
PARTS: Final = st.one_of(
    st.builds(Part, st.just(PartKind.TEXT), TEXTS),
    st.builds(Part, st.just(PartKind.CONTEXT), CONTEXT),
    st.builds(Part, st.just(PartKind.STAGE_VARIABLE), st.sampled_from(["tenant", "none"])),
    st.builds(Part, st.sampled_from([PartKind.HEADER, PartKind.QUERYSTRING, PartKind.PATH]), NAMES),
)
MEDIA_TYPES: Final = st.sampled_from(["application/json", "text/html", "Application/XML", "text/plain"])
RESPONSES: Final = st.builds(
    GatewayResponse,
    type=st.sampled_from([TYPE, TYPE, "DEFAULT_5XX", "DEFAULT_4XX"]),
    status_code=st.sampled_from([None, 200, 204, 404, 599]),
    headers=st.dictionaries(st.sampled_from(["x-a", "x-b", "content-type", "www-authenticate"]), PARTS).map(
        lambda found: tuple(found.items())
    ),
    templates=st.dictionaries(MEDIA_TYPES, st.lists(PARTS, max_size=4).map(tuple), max_size=3).map(
        lambda found: tuple(found.items())
    ),
    origin=st.just(ORIGIN),
)
ACCEPTED: Final = st.sampled_from(
    ["text/html", "TEXT/HTML ;q=1, text/plain", " application/xml\t", "*/*", "", "text/plain,text/html"]
)
HEADERS: Final = st.lists(
    st.one_of(
        st.tuples(st.just("accept"), ACCEPTED),
        st.tuples(st.sampled_from(["x-one", "user-agent"]), st.text('ab ",;%', max_size=5)),
    ),
    max_size=4,
    unique_by=lambda each: each[0],  # Envoy joins copies of accept and user-agent before both see them
)
QUERIES: Final = st.sampled_from(["", "q=1", "q=%0D%0Ax", "q=a+b&q=%22", "q", "q=%zz;id=5", "none=%C3%A9"])
PATHS: Final = st.sampled_from(["/a/7/x", "/a/7/x/y", "/a/b-c/%41", "/a/%22/z"])


@settings(max_examples=150, deadline=None)
@given(
    responses=st.lists(RESPONSES, max_size=3, unique_by=lambda each: each.type),
    headers=HEADERS,
    query=QUERIES,
    path=PATHS,
)
def test_the_script_and_the_host_give_the_same_answer(
    responses: list[GatewayResponse], headers: list[tuple[str, str]], query: str, path: str
) -> None:
    nowhere = method("GET", RESOURCE, http_proxy("http://${stageVariables.none}/"))
    served = api(nowhere, gateway_responses=tuple(responses), stages=(STAGE,))
    envoy = SimulatedEnvoy(compiled(gateway(served)))
    outcome = envoy.request("GET", f"/dev{path}" + (f"?{query}" if query else ""), headers)
    assert outcome.answer is not None
    assert outcome.why == "invalid_endpoint", (outcome.logged, outcome.thrown)

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
    stage = HostedStage(
        scope="orders/dev",
        api_id="orders",
        stage="dev",
        account_id="123456789012",
        region="us-east-1",
        answers=answers(served, STAGE, account_id="123456789012"),
    )
    hosted = HostedMethod(route=call.route, resource=RESOURCE, resource_id=resource_id("orders", RESOURCE))
    found = answer(
        Circumstances(call=call, stage=stage, method=hosted, epoch_ms=envoy.now),
        tuple((name.encode(), value.encode()) for name, value in headers),
        TYPE,
    )
    ids = {"x-amzn-requestid", "x-amz-apigw-id"}
    of_script = {name: value for name, value in outcome.answer.headers.items() if name not in ids}
    of_host = {name: value.encode().decode("latin-1") for name, value in found.headers}
    assert (outcome.answer.status, outcome.answer.body.encode("latin-1"), of_script) == (
        found.status,
        found.body,
        of_host,
    )
