"""`$context`: what a request is about, for events, templates and mappings (api-gateway.md sections 11 and 18)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from gateline.integrations.call import Call
from gateline.model.hosting import HostedMethod, HostedStage
from gateline.templates.java_text import SilentMap

_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"  # whatever the locale
_ID_LETTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What an event says beside the headers: the call, where it arrived, and when (epoch milliseconds)."""

    call: Call
    stage: HostedStage
    method: HostedMethod
    epoch_ms: int


def request_context(circumstances: Circumstances, user_agent: str | None) -> dict[str, object]:
    """The `requestContext` of an event, keys in Amazon's order."""
    call, stage, method = circumstances.call, circumstances.stage, circumstances.method
    domain = _domain_name(call.authority)
    context: dict[str, object] = {"resourceId": method.resource_id}
    authorized = call.authorized
    if authorized is not None:
        own = {"principalId": authorized.principal, "integrationLatency": authorized.integration_latency}
        context["authorizer"] = own | dict(authorized.context) | own  # the two are never the context's
    context["resourcePath"] = method.resource
    if method.operation_name:
        context["operationName"] = method.operation_name
    return context | {
        "httpMethod": call.verb,
        "extendedRequestId": call.request_id[:15] + "=",
        "requestTime": _request_time(circumstances.epoch_ms // 1000),
        "path": call.full_path,
        "accountId": stage.account_id,
        "protocol": call.protocol,
        "stage": stage.stage,
        "domainPrefix": domain.split(".", 1)[0],
        "requestTimeEpoch": circumstances.epoch_ms,
        "requestId": call.request_id,
        "identity": _identity(call, user_agent),
        "domainName": domain,
        "deploymentId": deployment_id(stage),
        "apiId": stage.api_id,
    }


class TemplateContext(dict[str, object]):
    """`$context` of templates: its keys stand in Amazon's order, and the trace id is found without being one [R]."""

    __slots__ = ("_trace_id",)

    def __init__(self, trace_id: str) -> None:
        super().__init__()
        self._trace_id = trace_id

    def get(self, key: object, default: object = None) -> object:
        """The value of a variable."""
        found = super().get(key) if isinstance(key, str) else None
        if found is None and key == "xrayTraceId":
            return self._trace_id
        return default if found is None else found


def template_context(circumstances: Circumstances, user_agent: str | None) -> TemplateContext:
    """`$context` of templates: they may write into it, and what they write stays for the response's template."""
    context = TemplateContext(circumstances.call.trace_id)
    for name, value in request_context(circumstances, user_agent).items():
        context[name] = SilentMap(value) if name == "identity" and isinstance(value, dict) else value
        if name == "protocol":
            places = ("path", "header", "querystring")
            context["requestOverride"] = SilentMap({place: SilentMap() for place in places})
        elif name == "deploymentId":
            context["responseOverride"] = SilentMap(header=SilentMap())
    return context


def remembered(context: dict[str, object]) -> Callable[[], None]:
    """Remember `$context` with all that it holds; what this returns puts everything back."""
    known: dict[int, tuple[Any, Any]] = {}
    waiting: list[Any] = [context]
    while waiting:
        value = waiting.pop()
        if id(value) not in known:
            known[id(value)] = (value, dict.copy(value) if isinstance(value, dict) else list(value))
            within = value.values() if isinstance(value, dict) else value
            waiting += [each for each in within if isinstance(each, dict | list)]

    def put_back() -> None:
        for value, content in known.values():
            value.clear()
            (value.update if isinstance(value, dict) else value.extend)(content)

    return put_back


def context_value(context: Mapping[str, object], path: str) -> str | None:
    """The text of `context.{path}` in a mapping; None when there is none.

    What an authorizer said is flat: behind `authorizer.` dots are part of the name.
    """
    found: object = context
    first, _, rest = path.partition(".")
    names = [first, rest] if first == "authorizer" and rest else path.split(".")
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    if found is None or isinstance(found, Mapping):
        return None
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found)


def deployment_id(stage: HostedStage) -> str:
    """A deployment's id: six lower-case letters and digits, the same for the same API and stage."""
    return _deployment_id(f"{stage.api_id} {stage.stage}")


@lru_cache(maxsize=1024)
def _deployment_id(deployed: str) -> str:
    number = int.from_bytes(hashlib.sha256(deployed.encode()).digest()[:8])
    return "".join(_ID_LETTERS[number // 36**index % 36] for index in range(6))


def _identity(call: Call, user_agent: str | None) -> dict[str, object]:
    """The caller; null is what is unknown of one who has no Amazon credentials."""
    identity: dict[str, object] = {
        "cognitoIdentityPoolId": None,
        "accountId": None,
        "cognitoIdentityId": None,
        "caller": None,
        "sourceIp": call.source_ip,
        "principalOrgId": None,
        "accessKey": None,
        "cognitoAuthenticationType": None,
        "cognitoAuthenticationProvider": None,
        "userArn": None,
        "userAgent": user_agent,
        "user": None,
    }
    if call.api_key_id:  # only of methods that need a key
        identity |= {"apiKey": call.api_key, "apiKeyId": call.api_key_id}
    return identity


@lru_cache(maxsize=8)  # requests of a second have it in common
def _request_time(epoch_seconds: int) -> str:
    """`dd/MMM/yyyy:HH:mm:ss +0000`."""
    time = datetime.fromtimestamp(epoch_seconds, UTC)
    month = _MONTHS[time.month * 3 - 3 : time.month * 3]
    return f"{time:%d}/{month}/{time.year:04}:{time:%H:%M:%S} +0000"


def _domain_name(authority: str) -> str:
    """The name or address that an authority means, whatever its letter case, its port and a dot at its end.

    An IPv6 address keeps its brackets, as in the script.
    """
    colon = authority.find(":", max(authority.find("]"), 0))
    return (authority if colon < 0 else authority[:colon]).lower().removesuffix(".")
