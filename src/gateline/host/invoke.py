"""/invoke: the requests that the host answers itself, with a function (`aws_proxy`) or an integration of another kind.

Bodies that must fit a model are judged first (api-gateway.md section 13); what goes wrong is a gateway response, as
the stage customises it (section 14).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from gateline.dataplane import keys
from gateline.functions.answer import AS_IF_MISSING, Failed, Raised, Returned
from gateline.functions.places import Places, source_of
from gateline.functions.speech import Tell, Trouble
from gateline.host.authorize import Functions
from gateline.host.bodies import Body, NoRoom
from gateline.host.decisions import now_ms
from gateline.host.directory import Directory, Find, invoked_arn
from gateline.host.turns import Turns
from gateline.integrations.call import Call, CallInvalid, read_call
from gateline.integrations.context import Circumstances
from gateline.integrations.event import LARGEST_EVENT, proxy_event
from gateline.integrations.gateway_response import answer
from gateline.integrations.outgoing import RawHeaders, Refusal, configuration_error
from gateline.integrations.proxy_response import MalformedProxyResponse, ProxyResponse, read_proxy_response
from gateline.model.hosting import HostedMethod, HostedStage

if TYPE_CHECKING:
    from gateline.host.integrate import Integrate

MOST_INVOCATIONS: Final = 2048
"""Requests that are read, wait for a worker or run: half of the connections that Envoy opens for them."""

_TRACE: Final = "X-Amzn-Trace-Id"


def refusal() -> ProxyResponse:
    """What a client gets when not even its stage is known, or nothing else can be said: 500."""
    return ProxyResponse(
        status=500,
        headers=(
            ("Content-Type", "application/json"),
            ("x-amzn-ErrorType", "InternalServerErrorException"),
        ),
        body=json.dumps({"message": "Internal server error"}).encode(),
    )


class Refused(Exception):
    """A request that nobody gets."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A request that has a place, and the method by whose rules it was let in."""

    call: Call
    stage: HostedStage
    method: HostedMethod
    directory: Directory

    @property
    def largest_body(self) -> int:
        """Bytes of a body that can be handed on."""
        return LARGEST_EVENT if self.method.integration is None else keys.BODY_LIMIT


class Invoke:
    """Hands requests to functions and integrations, and their answers to clients.

    `integrate` makes what performs integrations, when the first one is asked for.
    """

    def __init__(
        self,
        functions: Functions,
        find: Find,
        tell: Tell,
        *,
        turns: Turns,
        integrate: Callable[[], Integrate],
        now: Callable[[], int] = now_ms,
    ) -> None:
        self._functions = functions
        self._find = find
        self._tell = tell
        self._turns = turns
        self._integrate = integrate
        self._now = now
        self._places = Places(MOST_INVOCATIONS)

    @contextmanager
    def place(self, described: bytes) -> Iterator[Invocation]:
        """A place for a request, taken before its body is read.

        The method is looked up now: a body may take its time, and rules that come meanwhile did not let it in.

        Args:
            described: the script's description of the request, `x-gl-call`.

        Raises:
            Refused: there is none, or nothing behind the method: 500.

        """
        try:
            call = read_call(described)
        except CallInvalid:
            raise Refused from None
        directory = self._find()
        found = directory.method(call.scope, call.revision, call.route)
        source = source_of(call.source_ip)
        if found is None or not _is_served(found[1]) or not self._places.take(source):
            raise Refused
        try:
            yield Invocation(call, *found, directory)
        finally:
            self._places.leave(source)

    async def __call__(
        self, invocation: Invocation, headers: RawHeaders, body: bytes, room: Body
    ) -> ProxyResponse:
        """The answer to a client.

        Args:
            invocation: the request.
            headers: the client's, with their names as it spelled them.
            body: the client's.
            room: what the request may have in memory; the body is counted in it already.

        """
        at = self._circumstances(invocation)
        try:
            if at.method.models:
                await self._judge(invocation.directory, at, headers, body)
            if at.method.integration is None:
                return await self._proxied(at, headers, body)
            integrate = self._integrate()
            begun = await integrate.begin(at, invocation.directory.prepared, headers, body)
            del body  # from here on nobody holds it, and what was made of it only until it is sent
            if isinstance(begun, ProxyResponse):
                return begun
            stage = self._find().standing(at.stage, at.method)
            return await integrate.finish(replace(at, stage=stage), begun, room)
        except Refusal as refused:
            return self._refused(at, headers, refused)
        except NoRoom:
            return answer(at, headers, "INTEGRATION_FAILURE", status=500, message=_INTERNAL)

    def too_large(self, invocation: Invocation, headers: RawHeaders) -> ProxyResponse:
        """The answer to a client whose body is over the limit."""
        if invocation.method.integration is None:
            return answer(self._circumstances(invocation), headers, "REQUEST_TOO_LARGE")
        return ProxyResponse(  # Amazon's own bytes, which nobody customises (section 4)
            status=413,
            headers=(("Content-Type", "text; charset=utf-8"),),
            body=f"HTTP content length exceeded {keys.BODY_LIMIT} bytes.".encode(),
        )

    def _circumstances(self, invocation: Invocation) -> Circumstances:
        call, stage, method = invocation.call, invocation.stage, invocation.method
        return Circumstances(call=call, stage=stage, method=method, epoch_ms=self._now())

    async def _judge(self, directory: Directory, at: Circumstances, headers: RawHeaders, body: bytes) -> None:
        """Judge a body by the model that its Content-Type means."""
        from gateline.schemas.choice import model_for  # noqa: PLC0415 - most configurations have no models
        from gateline.schemas.model import SchemaInvalid  # noqa: PLC0415
        from gateline.schemas.pattern import TooLong  # noqa: PLC0415

        types = [value.decode("latin-1") for name, value in headers if name.lower() == b"content-type"]
        model = model_for(at.method.models, types)
        if model is None:
            return
        source = source_of(at.call.source_ip)
        try:
            found = await self._turns.briefly(
                at.call.route,
                source,
                len(body),
                lambda is_brief: directory.models(at.stage).violations(model, body, is_brief=is_brief),
                TooLong,
            )
        except SchemaInvalid as error:
            raise configuration_error(f"the model {model} cannot judge a body: {error}") from None
        if found is not None:
            raise Refusal("BAD_REQUEST_BODY", validation_error=found)

    def _refused(self, at: Circumstances, headers: RawHeaders, refused: Refusal) -> ProxyResponse:
        response = answer(
            at,
            headers,
            refused.type,
            message=refused.message,
            validation_error=refused.validation_error,
        )
        if refused.reason and response.status >= 500:
            text = f"{at.call.route}: {refused.reason}"
            self._tell(Trouble(at.method.function, at.call.request_id, text))
        return response

    async def _proxied(self, at: Circumstances, headers: RawHeaders, body: bytes) -> ProxyResponse:
        event = proxy_event(at, headers, body)
        if len(event) > LARGEST_EVENT:
            return answer(at, headers, "REQUEST_TOO_LARGE")
        returned = await self._functions.invoke(
            at.method.function,
            event,
            request_id=at.call.request_id,
            invoked_arn=invoked_arn(at.stage, at.method.function),
            source=source_of(at.call.source_ip),
        )
        match returned:
            case Returned(payload=payload):
                return self._read(at, headers, payload)
            case Raised():
                return _failure(at, headers, 502)
            case Failed(fault=fault):
                return _failure(at, headers, 500 if fault in AS_IF_MISSING else 502)

    def _read(self, at: Circumstances, headers: RawHeaders, payload: bytes) -> ProxyResponse:
        try:
            response = read_proxy_response(
                payload, accept=_accept(headers), binary_media_types=at.stage.binary_media_types
            )
        except MalformedProxyResponse as error:
            text = f"the answer to {at.call.route} is none that API Gateway takes: {error}"
            self._tell(Trouble(at.method.function, at.call.request_id, text))
            return _failure(at, headers, error.status)
        own = tuple((name, value) for name, value in response.headers if name.lower() != _TRACE.lower())
        trace = ((_TRACE, at.call.trace_id),) if at.call.trace_id else ()
        return ProxyResponse(status=response.status, headers=own + trace, body=response.body)


_INTERNAL: Final = "Internal server error"


def _is_served(method: HostedMethod) -> bool:
    return method.integration is not None or bool(method.function and method.is_post)


def _failure(at: Circumstances, headers: RawHeaders, status: int) -> ProxyResponse:
    """What a client gets when there is no answer of the function's."""
    return answer(at, headers, "INTEGRATION_FAILURE", status=status, message=_INTERNAL)


def _accept(headers: RawHeaders) -> str | None:
    values = [value for name, value in headers if name.lower() == b"accept"]
    return values[-1].decode("latin-1") if values else None
