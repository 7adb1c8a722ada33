"""What is known, when a stage is compiled, of the requests that a method sends to a balancer."""

from __future__ import annotations

from gateline.compile.folding import Fixed, FromClient, HeaderKnowledge, KnownRequest
from gateline.compile.mapping import DROPPED_HEADERS, HeaderFormat, Mapped, Source
from gateline.compile.upstream import Upstream
from gateline.model.integration import PLACEHOLDER, Location
from gateline.model.rest_api import Method, RestApi

_NOT_PASSED_ON = DROPPED_HEADERS | {"x-envoy-external-address", "content-encoding"}
"""Of a client's headers that are still there when rules are judged, those that the balancer would not see."""


def known_request(api: RestApi, method: Method, end: Upstream, mapped: Mapped, verb: str) -> KnownRequest:
    """The mapped request of a method, as far as it does not depend on what a client sends.

    `verb` is the integration's when it differs from the method's, else "".
    """
    fixed = {form.name: Fixed(form.parts) for form in mapped.formats}
    by_script = {name for name, _ in mapped.headers}
    added: dict[str, HeaderKnowledge] = {
        "x-amzn-apigateway-api-id": Fixed((api.api_id,)),
        "user-agent": FromClient(f"AmazonAPIGateway_{api.api_id}"),
        "accept": FromClient("application/json"),
    }

    def header(name: str) -> HeaderKnowledge:
        if name in fixed:
            return fixed[name]
        if name in by_script:
            return FromClient()
        if name in _NOT_PASSED_ON:
            return Fixed(())
        return added.get(name, FromClient())

    return KnownRequest(
        host=_host(end, mapped),
        verb=_verb(method, verb),
        path=_path(mapped.path),
        header=header,
    )


def sent_by_host(
    api: RestApi, method: Method, end: Upstream, formats: tuple[HeaderFormat, ...]
) -> KnownRequest:
    """The request that the host makes of an `http` integration.

    A template may override the path's parameters and any header but those that hold a secret.
    """
    integration = method.integration
    overrides = any("requestOverride" in template for _, template in integration.request_templates)
    maps_host = any(
        m.location is Location.HEADER and m.name.lower() == "host" for m in integration.request_parameters
    )
    fixed: dict[str, HeaderKnowledge] = {form.name: Fixed(form.parts) for form in formats}
    fixed["x-amzn-apigateway-api-id"] = Fixed((api.api_id,))
    verb = integration.http_method
    return KnownRequest(
        host=None if overrides or maps_host else _bare(end.authority),
        verb=None if verb == "ANY" else verb,
        path=_template(end.target),
        header=lambda name: fixed.get(name, FromClient()),
    )


def _template(target: str) -> tuple[str | None, ...]:
    """The pieces of a path template; a placeholder may become anything."""
    path = target.partition("?")[0]
    pieces: list[str | None] = []
    for number, piece in enumerate(PLACEHOLDER.split(path)):
        if number % 2:
            pieces.append(None)
        elif piece:
            pieces.append(piece)
    return tuple(pieces)


def _host(end: Upstream, mapped: Mapped) -> str | None:
    authority = end.authority
    if mapped.host_mapped:
        kind, value = next(source for name, source in mapped.headers if name == ":authority")
        if kind != "literal":
            return None
        authority = str(value).lower() or end.authority
    return _bare(authority)


def _bare(authority: str) -> str:
    """The host of an authority."""
    bare = authority[: authority.index("]") + 1] if authority.startswith("[") else authority.partition(":")[0]
    return bare.removesuffix(".")


def _verb(method: Method, verb: str) -> str | None:
    """A client's HEAD stays one (dataplane/lua/request.lua), so a method for any verb has none that is known."""
    if method.http_method == "ANY":
        return None
    return "HEAD" if method.http_method == "HEAD" else verb or method.http_method


def _path(sources: tuple[Source, ...]) -> tuple[str | None, ...]:
    pieces: list[str | None] = []
    for kind, value in sources:
        text = str(value) if kind == "literal" else None
        path, question, _ = text.partition("?") if text is not None else (None, "", "")
        pieces.append(path)
        if question:
            break
    return tuple(pieces)
