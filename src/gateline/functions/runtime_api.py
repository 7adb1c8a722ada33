"""The Lambda Runtime API, version 2018-06-01, as one worker sees it: what it may ask for when, and what that means.

The rules of order are those of Amazon's own emulator (aws-lambda-runtime-interface-emulator,
lambda/core/states.go and lambda/rapi/handler): official runtime clients and custom bootstraps run unchanged. A
runtime that asks for the next event while it has one gets the same event again, as there: its connection may
have broken while the event was on its way.

Knows no socket: `runtime_server` carries requests here.
"""

from __future__ import annotations

import asyncio
import binascii
import json
import time
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from gateline.functions.answer import Answer, Failed, Fault, Returned
from gateline.functions.error_object import raised, told
from gateline.functions.pool import LARGEST_PAYLOAD

_ROOT: Final = "/2018-06-01/runtime/"
_INVOCATION: Final = _ROOT + "invocation/"
_ERROR_TYPE: Final = "lambda-runtime-function-error-type"
_ERROR_BODY: Final = "lambda-runtime-function-error-body"
_RESPONSE_MODE: Final = "lambda-runtime-function-response-mode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """An event on its way to a worker."""

    request_id: str
    event: bytes
    deadline_ms: int  # since the epoch
    invoked_arn: str
    trace_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of the worker's. Names of headers and trailers are lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = b""  # None: longer than LARGEST_PAYLOAD, and thrown away
    trailers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """What the worker gets."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class State(StrEnum):
    """Where a worker stands. The names are those that refusals say, as Amazon's."""

    STARTED = "Started"
    INIT_ERROR = "InitError"
    READY = "Ready"  # it asked for an event; it may have got one
    RESPONSE_SENT = "ResponseSent"


class Listener(Protocol):
    """Whom a Runtime API tells what its worker said. The calls come from within `RuntimeApi.answer`."""

    def ready(self) -> None:
        """It asks for an event: it has started, or is done with the last one."""

    def answered(self, answer: Answer) -> None:
        """It answered the event that it has."""

    def not_started(self, why: str) -> None:
        """It tells why it cannot start."""


class RuntimeApi:
    """One worker's Runtime API."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._state = State.STARTED
        self._handed: asyncio.Future[Invocation] = asyncio.get_running_loop().create_future()
        self._current = ""

    def hand(self, invocation: Invocation) -> None:
        """Give the worker, which has said that it is ready, its next event."""
        self._current = invocation.request_id
        self._handed.set_result(invocation)

    async def answer(self, asked: Asked) -> Told:
        """Answer a request; waits when the worker asks for the next event and there is none."""
        what = asked.path.partition("?")[0]
        if what == _INVOCATION + "next":
            return await self._next() if asked.method == "GET" else _refused(405, "Method not allowed")
        request_id, _, verb = what.removeprefix(_INVOCATION).partition("/")
        is_answer = what.startswith(_INVOCATION) and verb in {"response", "error"}
        if not is_answer and what != _ROOT + "init/error":
            return _refused(404, "Not found")
        if asked.method != "POST":
            return _refused(405, "Method not allowed")
        if not is_answer:
            return self._init_error(asked)
        if request_id != self._current or not request_id:
            return _refused(400, "Invalid request ID", "InvalidRequestID")
        if self._state is not State.READY:
            return self._out_of_order(
                "InvocationResponse" if verb == "response" else "InvocationErrorResponse"
            )
        return self._response(asked) if verb == "response" else self._error(asked)

    async def _next(self) -> Told:
        if self._state is State.INIT_ERROR:
            return self._out_of_order(State.READY)
        if self._state is not State.READY:
            self._state = State.READY
            self._current = ""  # whatever still comes for the last event is too late
            self._listener.ready()
        invocation = await asyncio.shield(self._handed)  # of two that ask, one may go away
        return Told(
            200,
            invocation.event,
            (
                ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
                ("Lambda-Runtime-Deadline-Ms", str(invocation.deadline_ms)),
                ("Lambda-Runtime-Invoked-Function-Arn", invocation.invoked_arn),
                ("Lambda-Runtime-Trace-Id", invocation.trace_id),
            ),
        )

    def _response(self, asked: Asked) -> Told:
        mode = asked.headers.get(_RESPONSE_MODE, "")
        if mode.lower() not in {"", "streaming"}:
            return _refused(400, "Invalid function response mode", "InvalidFunctionResponseMode")
        if asked.body is None:
            text = f"the response is longer than {LARGEST_PAYLOAD} bytes"
            return self._finish(Failed(Fault.TOO_LARGE, text), _too_large())
        if _ERROR_TYPE in asked.trailers:  # a stream that broke: what came of it is no answer
            body = _decoded(asked.trailers.get(_ERROR_BODY, ""))
            return self._finish(raised(body, asked.trailers[_ERROR_TYPE]))
        return self._finish(Returned(asked.body))

    def _error(self, asked: Asked) -> Told:
        if asked.body is None:
            text = f"the error is longer than {LARGEST_PAYLOAD} bytes"
            return self._finish(Failed(Fault.TOO_LARGE, text), _too_large())
        return self._finish(raised(asked.body, asked.headers.get(_ERROR_TYPE, "")))

    def _finish(self, answer: Answer, told: Told | None = None) -> Told:
        self._state = State.RESPONSE_SENT
        self._handed = asyncio.get_running_loop().create_future()
        self._listener.answered(answer)
        return told or _accepted()

    def _init_error(self, asked: Asked) -> Told:
        if self._state is not State.STARTED:
            return self._out_of_order(State.INIT_ERROR)
        self._state = State.INIT_ERROR
        self._listener.not_started(told(asked.body or b"", asked.headers.get(_ERROR_TYPE, "")))
        return _accepted()

    def _out_of_order(self, wanted: str) -> Told:
        text = (
            f"State transition from {self._state} to {wanted} failed for runtime."
            " Error: State transition is not allowed"
        )
        return _refused(403, text, "InvalidStateTransition")


def _accepted() -> Told:
    return Told(202, b'{"status":"OK"}\n')


def _refused(status: int, message: str, kind: str = "InvalidRequest") -> Told:
    return Told(status, json.dumps({"errorMessage": message, "errorType": kind}).encode())


def _too_large() -> Told:
    text = f"Exceeded maximum allowed payload size ({LARGEST_PAYLOAD} bytes)."
    return _refused(413, text, "RequestEntityTooLarge")


def trace_id(request_id: str) -> str:
    """An X-Ray header for an invocation that nobody samples; made of the request id, which is unique already."""
    digits = "".join(letter for letter in request_id.lower() if letter in "0123456789abcdef")
    return f"Root=1-{int(time.time()):08x}-{digits[-24:]:0>24};Sampled=0"


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except binascii.Error:
        return text.encode()
