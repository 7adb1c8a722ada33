"""/invoke: the requests whose integration is a function (`aws_proxy`, api-gateway.md section 11)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from gateline.functions.answer import Failed, Fault, Raised, Returned
from gateline.functions.places import Places, source_of
from gateline.functions.speech import Tell, Trouble
from gateline.host.authorize import Functions
from gateline.host.decisions import now_ms
from gateline.host.directory import Find, invoked_arn
from gateline.integrations.call import Call, CallInvalid, read_call
from gateline.integrations.context import Circumstances
from gateline.integrations.event import proxy_event
from gateline.integrations.proxy_response import MalformedProxyResponse, ProxyResponse, read_proxy_response
from gateline.model.hosting import HostedMethod, HostedStage

LARGEST_EVENT: Final = 6_291_556
"""Bytes of an event that Lambda takes."""

MOST_INVOCATIONS: Final = 2048
"""Requests that are read, wait for a worker or run: half of the connections that Envoy opens for them."""

_TRACE: Final = "X-Amzn-Trace-Id"

RawHeaders = Iterable[tuple[bytes, bytes]]


def refusal(status: int) -> ProxyResponse:
    """What a client gets when there is no answer of the function's."""
    message, error = (
        ("Request Too Long", "BadRequestException")
        if status == 413
        else ("Internal server error", "InternalServerErrorException")
    )
    return ProxyResponse(
        status=status,
        headers=(("Content-Type", "application/json"), ("x-amzn-ErrorType", error)),
        body=json.dumps({"message": message}).encode(),
    )


class Refused(Exception):
    """A request that no function gets."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A request that has a place, and the method by whose rules it was let in."""

    call: Call
    stage: HostedStage
    method: HostedMethod


class Invoke:
    """Hands requests to functions, and their answers to clients."""

    def __init__(
        self, functions: Functions, find: Find, tell: Tell, *, now: Callable[[], int] = now_ms
    ) -> None:
        self._functions = functions
        self._find = find
        self._tell = tell
        self._now = now
        self._places = Places(MOST_INVOCATIONS)

    @contextmanager
    def place(self, described: bytes) -> Iterator[Invocation]:
        """A place for a request, taken before its body is read.

        The method is looked up now: a body may take its time, and rules that come meanwhile did not let it in.

        Args:
            described: the script's description of the request, `x-gl-call`.

        Raises:
            Refused: there is none, or no function for it: 500.

        """
        try:
            call = read_call(described)
        except CallInvalid:
            raise Refused from None
        found = self._find().method(call.scope, call.route)
        source = source_of(call.source_ip)
        if found is None or not found[1].function or not found[1].is_post or not self._places.take(source):
            raise Refused
        try:
            yield Invocation(call, *found)
        finally:
            self._places.leave(source)

    async def __call__(self, invocation: Invocation, headers: RawHeaders, body: bytes) -> ProxyResponse:
        """The answer to a client.

        Args:
            invocation: the request.
            headers: the client's, with their names as it spelled them.
            body: the client's.

        """
        call, stage, method = invocation.call, invocation.stage, invocation.method
        circumstances = Circumstances(call=call, stage=stage, method=method, epoch_ms=self._now())
        headers = tuple(headers)
        event = proxy_event(circumstances, headers, body)
        if len(event) > LARGEST_EVENT:
            return refusal(413)
        return await self._invoke(call, stage, method.function, event, _accept(headers))

    async def _invoke(
        self, call: Call, stage: HostedStage, function: str, event: bytes, accept: str | None
    ) -> ProxyResponse:
        answer = await self._functions.invoke(
            function,
            event,
            request_id=call.request_id,
            invoked_arn=invoked_arn(stage, function),
            source=source_of(call.source_ip),
        )
        match answer:
            case Returned(payload=payload):
                return self._read(call, stage, function, payload, accept)
            case Raised():
                return refusal(502)
            case Failed(fault=fault):
                return refusal(500 if fault in _AS_IF_MISSING else 502)

    def _read(
        self, call: Call, stage: HostedStage, function: str, payload: bytes, accept: str | None
    ) -> ProxyResponse:
        try:
            response = read_proxy_response(
                payload, accept=accept, binary_media_types=stage.binary_media_types
            )
        except MalformedProxyResponse as error:
            text = f"the answer to {call.route} is none that API Gateway takes: {error}"
            self._tell(Trouble(function, call.request_id, text))
            return refusal(error.status)
        own = tuple((name, value) for name, value in response.headers if name.lower() != _TRACE.lower())
        trace = ((_TRACE, call.trace_id),) if call.trace_id else ()
        return ProxyResponse(status=response.status, headers=own + trace, body=response.body)


_AS_IF_MISSING: Final = frozenset({Fault.BUSY, Fault.UNKNOWN, Fault.UNREACHABLE})
"""Faults that Lambda would answer for, not the function: the client gets 500."""


def _accept(headers: RawHeaders) -> str | None:
    values = [value for name, value in headers if name.lower() == b"accept"]
    return values[-1].decode("latin-1") if values else None
