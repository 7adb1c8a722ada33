"""Integrations that the host performs itself: `http`, `aws`, and mocks that read the request.

What to send and what to answer is decided by `integrations.exchange`; here it is sent, to a backend, a function or a
service. Slow templates and large bodies are worked on in threads (`turns`), and whatever a request holds is counted.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from gateline.functions.answer import AS_IF_MISSING, Answer, Failed, Fault, Raised, Returned
from gateline.functions.places import Places, source_of
from gateline.functions.speech import Tell, Trouble
from gateline.host.assertions import Assertions, NotSigned
from gateline.host.authorize import Functions
from gateline.host.aws_service import AwsServices
from gateline.host.bodies import Bodies, Body, NoRoom
from gateline.host.connection import Grow
from gateline.host.directory import invoked_arn
from gateline.host.torn_path import is_torn
from gateline.host.turns import Turns
from gateline.integrations.context import Circumstances
from gateline.integrations.exchange import Exchange
from gateline.integrations.outgoing import (
    ACCEPTED,
    BackendAnswer,
    FunctionAnswer,
    FunctionCall,
    HttpRequest,
    MockStatus,
    RawHeaders,
    Received,
    Refusal,
    ServiceCall,
    configuration_error,
)
from gateline.integrations.prepared import Prepared
from gateline.integrations.proxy_response import ProxyResponse
from gateline.integrations.target import bad_request
from gateline.model.assertion import Binding
from gateline.model.hosting import HostedMethod
from gateline.model.integration import Integration
from gateline.templates.budget import BRIEF, UNSTINTED, Budget, Exhausted

if TYPE_CHECKING:
    from gateline.authority.assertion import SentRequest

T = TypeVar("T")

GRACE_SECONDS: Final = 1.0
"""How much longer than an integration's timeout the host waits: Envoy itself ends what goes through it."""

MOST_ASYNCHRONOUS: Final = 512
"""Events of asynchronous invocations that wait or run; who comes later is refused."""

_ASYNCHRONOUS_PIECES: Final = 1024
"""What they take all together, in pieces of bodies.py: 64 MB."""

_ERRORS: Final = {
    Fault.TOO_LARGE: (
        "Function.ResponseSizeTooLarge",
        "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    ),
    Fault.NOT_STARTED: ("Runtime.ExitError", "Error: Runtime exited with error: exit status 1"),
}
_ENDED: Final = ("Runtime.ExitError", "Error: Runtime exited without providing a reason")


Sent = HttpRequest | ServiceCall | FunctionCall


@dataclass(slots=True)
class Begun:
    """An exchange whose request is to be sent."""

    exchange: Exchange
    outgoing: Sent | None  # let go when it is being sent


class Backends(Protocol):
    """What of `gateline.host.egress.Egress` is used here."""

    async def send(self, request: HttpRequest, *, scope: str, route: str, grow: Grow) -> BackendAnswer:
        """Send a request to its backend."""


class Integrate:
    """Performs integrations."""

    def __init__(
        self,
        functions: Functions,
        backends: Backends,
        services: AwsServices,
        turns: Turns,
        tell: Tell,
        assertions: Assertions | None = None,
    ) -> None:
        self._assertions = assertions or Assertions()
        self._functions = functions
        self._backends = backends
        self._services = services
        self._turns = turns
        self._tell = tell
        self._places = Places(MOST_ASYNCHRONOUS)
        self._events = Bodies(_ASYNCHRONOUS_PIECES)
        self._asynchronous: set[asyncio.Task[None]] = set()

    async def begin(
        self,
        circumstances: Circumstances,
        prepare: Callable[[HostedMethod], Prepared],
        headers: RawHeaders,
        body: bytes,
    ) -> ProxyResponse | Begun:
        """Make out what to send; of a mock, at once what to answer. Nothing holds the body when this is done.

        Raises:
            Refusal: nothing is sent.

        """

        def work(budget: Budget) -> ProxyResponse | Begun:
            exchange = Exchange(prepare(circumstances.method), circumstances, headers, body)
            outgoing = exchange.outgoing(budget)
            if isinstance(outgoing, MockStatus):
                return exchange.answer(outgoing, budget)
            return Begun(exchange, outgoing)

        return await self._worked(circumstances, len(body), work)

    async def finish(self, circumstances: Circumstances, begun: Begun, room: Body) -> ProxyResponse:
        """Send it, and make out what to answer.

        Raises:
            Refusal: the client gets a gateway response.
            NoRoom: bodies would take more than `room` may have.

        """
        outgoing, begun.outgoing = begun.outgoing, None
        assert outgoing is not None
        sent = _size(outgoing)
        room.grow(sent)
        room.shrink(sent)
        received = await self._received(circumstances, outgoing, lambda size: room.grow(sent + size))
        del outgoing
        size = _size(received)
        room.grow(size)
        room.shrink(size)
        response = await self._worked(
            circumstances, size, lambda budget: begun.exchange.answer(received, budget)
        )
        room.grow(len(response.body))
        room.shrink(len(response.body))
        return response

    async def _worked(self, circumstances: Circumstances, size: int, work: Callable[[Budget], T]) -> T:
        call = circumstances.call
        return await self._turns.briefly(
            call.route,
            source_of(call.source_ip),
            size,
            lambda is_brief: work(BRIEF if is_brief else UNSTINTED),
            Exhausted,
        )

    async def _received(self, circumstances: Circumstances, outgoing: Sent, grow: Grow) -> Received:
        seconds = _integration(circumstances).timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds + GRACE_SECONDS):
                return await self._performed(circumstances, outgoing, grow)
        except TimeoutError:
            raise Refusal("INTEGRATION_TIMEOUT", reason=f"no answer within {seconds:g} seconds") from None

    async def _performed(self, circumstances: Circumstances, outgoing: Sent, grow: Grow) -> Received:
        match outgoing:
            case HttpRequest():
                if is_torn(circumstances.method.patterns, outgoing.target):
                    raise bad_request("the balancer's rules can read the path in more than one way")
                stage, route = circumstances.stage, circumstances.method.egress
                outgoing = await self._asserted(circumstances, outgoing)
                scope = f"{stage.scope} egress {stage.revision}"
                return await self._backends.send(outgoing, scope=scope, route=route, grow=grow)
            case ServiceCall():
                return await self._services.send(outgoing, grow=grow)
            case FunctionCall(asynchronous=True):
                self._invoke_later(circumstances, outgoing)
                return ACCEPTED
            case FunctionCall():
                answer = await self._invoked(circumstances, outgoing)
                return _answered(answer, circumstances.call.request_id)

    async def _asserted(self, circumstances: Circumstances, request: HttpRequest) -> HttpRequest:
        """The request with its assertion, and with nobody else's."""
        assertion = circumstances.stage.assertion
        if assertion is None or not circumstances.method.asserted:
            return request
        call, stage = circumstances.call, circumstances.stage
        principal = call.authorized.principal if call.authorized else ""
        context = call.authorized.context if call.authorized else ()
        try:
            if assertion.binding is Binding.CALLER:
                token = self._assertions.for_caller(stage, principal, context).token
            else:
                token = await self._turns.run(
                    source_of(call.source_ip),
                    len(request.body),
                    lambda: self._assertions.for_request(
                        stage, principal, context, _sent(request, call.request_id)
                    ),
                )
        except NotSigned:
            raise configuration_error("there is no key to sign its assertion with") from None
        others = (pair for pair in request.headers if _folded(pair[0]) != _folded(assertion.header))
        return replace(request, headers=(*others, (assertion.header, token)))

    async def _invoked(self, circumstances: Circumstances, call: FunctionCall) -> Answer:
        return await self._functions.invoke(
            call.function,
            call.payload,
            request_id=circumstances.call.request_id,
            invoked_arn=invoked_arn(circumstances.stage, call.function),
            source=source_of(circumstances.call.source_ip),
        )

    def _invoke_later(self, circumstances: Circumstances, call: FunctionCall) -> None:
        source = source_of(circumstances.call.source_ip)
        room = self._events.body(source)
        try:
            room.grow(len(call.payload))
            if not self._places.take(source):
                raise configuration_error(f"{MOST_ASYNCHRONOUS} asynchronous events wait or run already")
        except (NoRoom, Refusal):
            room.shrink(0)
            raise

        async def run() -> None:
            try:
                with room:
                    answer = await self._invoked(circumstances, call)
            finally:
                self._places.leave(source)
            if isinstance(answer, Failed):
                text = f"an asynchronous event got no answer: {answer.detail}"
                self._tell(Trouble(call.function, circumstances.call.request_id, text))

        task = asyncio.get_running_loop().create_task(run())
        self._asynchronous.add(task)
        task.add_done_callback(self._asynchronous.discard)


def _sent(request: HttpRequest, request_id: str) -> SentRequest:
    from gateline.authority.assertion import SentRequest  # noqa: PLC0415 - most configurations have no assertions

    return SentRequest(verb=request.verb, path=request.target, body=request.body, request_id=request_id)


def _folded(name: str) -> str:
    """A header's name as servers may fold it: many take `x_a` and `x-a` for one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _integration(circumstances: Circumstances) -> Integration:
    integration = circumstances.method.integration
    assert integration is not None
    return integration


def _size(of: Sent | Received) -> int:
    match of:
        case HttpRequest(body=body) | ServiceCall(body=body) | BackendAnswer(body=body):
            return len(body)
        case FunctionCall(payload=payload) | FunctionAnswer(payload=payload):
            return len(payload)
        case MockStatus():
            return 0


def _answered(answer: Answer, request_id: str) -> FunctionAnswer:
    """What Lambda would have answered: what becomes of a function is an error object, too."""
    match answer:
        case Returned(payload=payload):
            return FunctionAnswer(payload=payload)
        case Raised(payload=payload):
            return FunctionAnswer(payload=payload, is_error=True)
        case Failed(fault=fault, detail=detail) if fault in AS_IF_MISSING:
            raise configuration_error(f"the function cannot be invoked: {detail}")
        case Failed(fault=Fault.TIMEOUT, detail=detail):
            kind, message = "Sandbox.Timedout", f"Error: {detail}"  # Lambda's words
        case Failed(fault=fault):
            kind, message = _ERRORS.get(fault, _ENDED)
    if message.startswith("Error: "):
        message = f"RequestId: {request_id} {message}"
    payload = json.dumps({"errorType": kind, "errorMessage": message}, separators=(",", ":")).encode()
    return FunctionAnswer(payload=payload, is_error=True)
