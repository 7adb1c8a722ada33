"""Endpoints: may a request go where an integration's uri points? Refused when the definition is read.

A request may fill in the path and the query of a uri, never its scheme, host or port; and no uri may reach
the machine's own metadata service (attacks.md F4). Judged for every stage, with its variables in place.
"""

from __future__ import annotations

import re
from typing import Final

from gateline.model import codes
from gateline.model.address import forbidden_reason, parse_ip
from gateline.model.function import named_function
from gateline.model.integration import IntegrationKind
from gateline.model.origin import Origin
from gateline.sources.definition import Definition, EndpointFault
from gateline.sources.placeholder import STAGE_VARIABLE, Missed

_UNKNOWN: Final = "\ue000"
"""Stands in for text that is not known now: a character that no uri holds."""

_NAMED: Final = re.compile(r"\$\{[A-Za-z_][^{}\\\s$'\"]*\}")
_BEGINNING: Final = re.compile(r"(https?)://([^/?#]*)", re.IGNORECASE)
_FORBIDDEN_CHARACTER: Final = re.compile(r"[^\x21-\x7e]")
_HOST: Final = re.compile(r"[A-Za-z0-9._\-\ue000]+")
_IPV6: Final = re.compile(r"\[[0-9A-Fa-f:.]+\]")
_INVALID: Final = "Invalid HTTP endpoint specified for URI"
_ARN: Final = re.compile(r"arn:[^:]*:apigateway:[^:]*:[^:]+:(?:path|action)/")


def check_endpoint(definition: Definition, kind: IntegrationKind, uri: str, origin: Origin) -> None:
    """Complain about a uri that no request may be sent to."""
    if kind is IntegrationKind.MOCK:
        return
    beginning = "/".join(uri.split("/", 3)[:3])  # everything that can decide about the host
    is_http = kind in {IntegrationKind.HTTP, IntegrationKind.HTTP_PROXY}
    definition.unknown(beginning if is_http else uri, origin)
    if is_http:
        definition.unknown(uri[len(beginning) :], origin, missed=Missed.KEPT)
    if found := _FORBIDDEN_CHARACTER.search(uri):
        message = f"{_INVALID}: it holds the character U+{ord(found[0]):04X}"
        definition.complain(codes.ENDPOINT_INVALID, origin, message, advice="write it percent-encoded")
        return
    if kind in {IntegrationKind.AWS, IntegrationKind.AWS_PROXY}:
        _check_arn(definition, uri, origin)
        return
    faults = definition.endpoints.get(beginning)
    if faults is None:
        judged = (_fault(text) for text in _expansions(definition, beginning))
        faults = tuple(dict.fromkeys(fault for fault in judged if fault is not None))
        definition.endpoints[beginning] = faults
    for code, message, advice in faults:
        definition.complain(code, origin, message, advice=advice)


def _check_arn(definition: Definition, uri: str, origin: Origin) -> None:
    if not uri:
        definition.complain(codes.ENDPOINT_INVALID, origin, "the integration needs a uri")
    elif not _ARN.match(_NAMED.sub("x", uri)) and not uri.startswith("${"):
        definition.complain(
            codes.ENDPOINT_INVALID,
            origin,
            "Invalid ARN specified in the request",
            advice="the uri of a function is "
            "arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations",
        )


def function_uri(definition: Definition, uri: str) -> str:
    """A uri that is the bare name of a declared function, as a substitution may give it, in Amazon's form."""
    if uri.startswith("arn:") or named_function(uri, definition.context.function_names) is None:
        return uri
    region = definition.context.region
    return f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{uri}/invocations"


def _expansions(definition: Definition, uri: str) -> list[str]:
    """The uri as each stage has it; what only a request or another file knows is marked as unknown."""
    if "${" not in uri:
        return [uri]
    variables = [dict(stage.variables) for stage in definition.context.stages] or [{}]
    return [_NAMED.sub(_UNKNOWN, _expanded(uri, values)) for values in variables]


def _expanded(uri: str, values: dict[str, str]) -> str:
    return STAGE_VARIABLE.sub(lambda found: values.get(found[1]) or _UNKNOWN, uri)


def _fault(uri: str) -> EndpointFault | None:
    """What is wrong with a uri without stage variables: the code, the sentence, the advice."""
    if not uri:
        return codes.ENDPOINT_INVALID, f"{_INVALID}: the integration needs a uri", ""
    beginning = _BEGINNING.match(uri)
    if beginning is None:
        if uri.startswith(_UNKNOWN):
            return None
        scheme = uri.split(":", 1)[0] if ":" in uri else ""
        found = f": it begins with '{scheme}:'" if scheme.isalnum() else ""
        return codes.ENDPOINT_INVALID, f"{_INVALID}{found}", "it must begin with http:// or https://"
    authority = beginning[2]
    if "{" in authority.replace("${", ""):
        return (
            codes.ENDPOINT_HOST_FROM_REQUEST,
            f"the host '{_shown(authority)}' would be chosen by the request",
            "put a slash before the parameter: only the path and the query may come from a request",
        )
    return _authority_fault(authority)


def _authority_fault(authority: str) -> EndpointFault | None:
    if "@" in authority:
        return (
            codes.ENDPOINT_INVALID,
            f"{_INVALID}: it holds a user name",
            "send credentials as a mapped Authorization header",
        )
    host, port = _split_port(authority)
    if not host:
        return codes.ENDPOINT_INVALID, f"{_INVALID}: it has no host", ""
    is_address = bool(_IPV6.fullmatch(host)) and parse_ip(host) is not None
    if not (is_address or _HOST.fullmatch(host)):
        return codes.ENDPOINT_INVALID, f"{_INVALID}: '{_shown(host)}' is not a host", ""
    if host != authority and _UNKNOWN not in port and not (port.isdecimal() and 0 < int(port[:6]) < 65536):
        return codes.ENDPOINT_INVALID, f"{_INVALID}: '{port}' is not a port", ""
    reason = "" if _UNKNOWN in host else forbidden_reason(host)
    if reason:
        return codes.ENDPOINT_FORBIDDEN, f"the host '{host}' is {reason}", "no integration may reach it"
    return None


def _split_port(authority: str) -> tuple[str, str]:
    if authority.startswith("["):
        host, _, rest = authority.partition("]")
        return host + "]", rest.removeprefix(":") if rest.startswith(":") else rest
    host, _, port = authority.partition(":")
    return host, port


def _shown(text: str) -> str:
    return text.replace(_UNKNOWN, "…")
