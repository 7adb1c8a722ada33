"""Routes: what Envoy does natively with a request that `gateway.lua` has decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from google.protobuf.message import Message

from gateline.compile.client_address import appended
from gateline.compile.mapping import HeaderFormat, Mapped
from gateline.compile.mock import MockAnswer
from gateline.compile.secret import secret_formatter
from gateline.compile.wire import new, packed
from gateline.dataplane import keys
from gateline.model.client_address import PEER_ITSELF, ClientAddress

HEADER_MUTATION_FILTER = "envoy.filters.http.header_mutation"
REQUEST_ID = f"%FILTER_STATE({keys.REQUEST_ID_STATE}:PLAIN)%"
EXTENDED_REQUEST_ID = f"%FILTER_STATE({keys.REQUEST_ID_STATE}:PLAIN):15%="
MAX_DIRECT_BODY = 307_200  # a template's own limit: 300 KB


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedHeaders:
    """Names, in lower case, of the headers that a project's mappings write.

    `secrets` carry secrets: a client's own is removed everywhere. `injected` hold what the gateway knows
    (literals, stage variables, context): a client's own is overwritten where they are mapped, its aliases are
    removed. `asked` are those that callers must send, for an authorizer or as their API key: no secret of that name
    can take them away from there, so they are treated as injected ones.
    """

    secrets: frozenset[str] = frozenset()
    injected: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()


def header(name: str, value: str, action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> dict[str, object]:
    """A HeaderValueOption."""
    return {"header": {"key": name, "value": value}, "append_action": action}


def scope_headers(
    api_id: str, cleaned: CleanedHeaders, address: ClientAddress = PEER_ITSELF
) -> dict[str, object]:
    """What holds for every route of an API (api-gateway.md section 9). `address`: what the edge believes."""
    echoes = {spelled for name in cleaned.secrets for spelled in (name, name.replace("-", "_"))}
    return {
        "response_headers_to_remove": sorted(echoes),  # a backend that echoes its request tells no secret
        "request_headers_to_remove": [
            keys.SCOPE_HEADER,
            keys.REQUEST_ID_HEADER,
            "x-envoy-external-address",
            "expect",
        ],
        "request_headers_to_add": [
            # Inline in Envoy, so with trusted hops it is appended to theirs; else theirs was removed.
            header(
                "x-forwarded-for",
                appended(address),
                "APPEND_IF_EXISTS_OR_ADD",
            ),
            header("x-amzn-apigateway-api-id", api_id),
            header("user-agent", f"AmazonAPIGateway_{api_id}", "ADD_IF_ABSENT"),
            header("accept", "application/json", "ADD_IF_ABSENT"),
        ],
        "response_headers_to_add": [
            header("x-amzn-requestid", REQUEST_ID),
            header("x-amz-apigw-id", EXTENDED_REQUEST_ID),
            header("content-type", "application/json", "ADD_IF_ABSENT"),
        ],
        "max_direct_response_body_size_bytes": {"value": MAX_DIRECT_BODY},
    }


def mock_route(name: str, answer: MockAnswer) -> Message:
    """A constant answer, given by Envoy itself."""
    response: dict[str, object] = {"status": answer.status}
    fields: dict[str, object] = {}
    added = [("content-type", answer.content_type), *answer.headers]
    if answer.body:
        response["body"] = {"inline_string": answer.body}
    else:
        fields["typed_per_filter_config"] = {HEADER_MUTATION_FILTER: packed(_content_type(answer))}
    return new(
        "envoy.config.route.v3.Route",
        name=name,
        match={"prefix": "/"},
        direct_response=response,
        response_headers_to_add=[header(key, _literal(value)) for key, value in added],
        **fields,
    )


def _content_type(answer: MockAnswer) -> Message:
    """Envoy takes the Content-Type from an answer without a body; Amazon does not."""
    named = {"append": header("content-type", _literal(answer.content_type))}
    return new(
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute",
        mutations={"response_mutations": [named]},
    )


def _literal(value: str) -> str:
    """A value in which Envoy sees no format."""
    return value.replace("%", "%%")


@dataclass(frozen=True, slots=True)
class Hop:
    """A balancer's listener that a request passes on its way: X-Forwarded-Proto and -Port are its own."""

    scheme: str
    port: int


def proxy_route(
    name: str,
    *,
    match: Mapping[str, object],
    destination: Mapping[str, object],
    authority: str,
    timeout: timedelta,
    mapped: Mapped,
    verb: str,
    hop: Hop | None,
) -> Message:
    """A route to a backend. `authority` is the Host it sees, "" when a mapping has set it.

    `match` and `destination` are fields of a RouteMatch and of a RouteAction. `verb` is the integration's when it
    differs from the method's, else "".
    """
    action: dict[str, object] = {
        **destination,
        "timeout": timeout,
        "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR",
    }
    if authority:
        action["host_rewrite_literal"] = authority
    fields: dict[str, object] = {}
    if mapped.formats:
        fields["typed_per_filter_config"] = {HEADER_MUTATION_FILTER: packed(fixed_headers(mapped.formats))}
    if verb == "HEAD":
        # The answer to a HEAD announces a body that does not come; a client that sent another verb would wait.
        fields["response_headers_to_remove"] = ["content-length"]
    not_sent = ["via"]  # to a backend; events and templates have it [R]
    if "content-encoding" not in mapped.set_headers:
        not_sent.append("content-encoding")
    fields["request_headers_to_remove"] = not_sent
    if hop is not None:
        fields["request_headers_to_add"] = hop_headers(hop)
    return new("envoy.config.route.v3.Route", name=name, match=match, route=action, **fields)


def function_route(name: str, *, timeout: timedelta) -> Message:
    """A route to the host, which hands the request to a function."""
    return new(
        "envoy.config.route.v3.Route",
        name=name,
        match={"prefix": "/"},
        route={
            "cluster": keys.FUNCTIONS_CLUSTER,
            "timeout": timeout,
            "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR",
        },
    )


def hop_headers(hop: Hop) -> list[dict[str, object]]:
    """What a balancer's listener says of itself."""
    return [header("x-forwarded-proto", hop.scheme), header("x-forwarded-port", str(hop.port))]


def fixed_headers(formats: tuple[HeaderFormat, ...]) -> Message:
    """The fixed headers. Each is removed first: an empty secret would else let the client's copy through."""
    mutations: list[dict[str, object]] = []
    secrets: list[str] = []
    for form in formats:
        mutations.append({"remove": form.name})
        if form.value:
            mutations.append({"append": header(form.name, form.value)})
        secrets.extend(form.secrets)
    return new(
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute",
        mutations={
            "request_mutations": mutations,
            "formatters": [secret_formatter(tuple(secrets))] if secrets else [],
        },
    )
