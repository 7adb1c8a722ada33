"""`http`: the request that a backend gets. Nothing of the client's is in it but what is mapped (section 5)."""

from __future__ import annotations

from typing import Final

from gateline.integrations.client_request import ClientRequest
from gateline.integrations.outgoing import HttpRequest
from gateline.integrations.parameters import Parameters
from gateline.integrations.query import joined_query, written_query
from gateline.integrations.request_headers import WITHOUT_BODY, check_legal, sent_headers
from gateline.integrations.target import bad_request, filled, is_authority
from gateline.model.integration import Integration

_DROPPED: Final = frozenset({"via", "host"})  # Host is not sent as a header, but as the authority


def http_request(
    integration: Integration, request: ClientRequest, parameters: Parameters, payload: bytes
) -> HttpRequest:
    """The request of an `http` integration. Host and port are the definition's; a mapping may name another Host.

    Raises:
        Refusal: a value can't be sent where the definition wants it.

    """
    check_legal(parameters.headers, is_aws=False)
    verb = request.call.verb if integration.http_method == "ANY" else integration.http_method
    body = b"" if verb in WITHOUT_BODY else payload
    headers = sent_headers(parameters.headers, request, has_body=bool(body), dropped=_DROPPED)
    headers.append(("x-amzn-apigateway-api-id", request.stage.api_id))
    path, _, query = filled(_target(integration.uri), parameters.path).partition("?")
    query = joined_query(query, written_query(parameters.query.items()))
    return HttpRequest(
        verb=verb,
        target=f"{path}?{query}" if query else path,
        authority=_authority(parameters, request.method.authority),
        headers=tuple(headers),
        body=body,
    )


def _target(uri: str) -> str:
    """Path and query of an absolute uri, with a slash in front."""
    rest = uri.partition("#")[0].partition("://")[2]
    authority_end = min((at for mark in "/?" if (at := rest.find(mark)) >= 0), default=len(rest))
    target = rest[authority_end:]
    return target if target.startswith("/") else f"/{target}"


def _authority(parameters: Parameters, own: str) -> str:
    _, mapped = parameters.headers.get("host", ("", ""))
    if mapped and not is_authority(mapped):
        raise bad_request("a mapped Host is no host")
    return mapped or own
