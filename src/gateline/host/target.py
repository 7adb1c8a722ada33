"""Functions as targets of application balancers: a request becomes an event, an answer a response.

Envoy forwards such requests to the host as it forwards others to servers, with the name of the target group beside
them (`compile/function_target.py`). Rules: load-balancers.md sections 9 and 10.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from gateline.dataplane import keys
from gateline.functions.answer import Failed, Fault, Raised, Returned
from gateline.functions.places import Places, source_of
from gateline.functions.speech import Tell, Trouble
from gateline.host.authorize import Functions
from gateline.host.directory import Find
from gateline.integrations.alb_event import alb_event, health_event
from gateline.integrations.alb_response import LARGEST_BODY, page, read_alb_response
from gateline.integrations.call import wire_text
from gateline.integrations.outgoing import RawHeaders
from gateline.integrations.proxy_response import MalformedProxyResponse, ProxyResponse
from gateline.model.hosting import HostedTarget

MOST_REQUESTS: Final = 2048
"""Requests that are read, wait for a worker or run."""


_REASONS: Final = {
    Fault.BUSY: "LambdaThrottling",
    Fault.TOO_LARGE: "LambdaResponseTooLarge",
    Fault.UNREACHABLE: "LambdaConnectionError",
    Fault.UNKNOWN: "LambdaResourceNotFound",
}
"""Amazon's words for access logs; of all other faults, and of what a handler raises, it says LambdaUnhandled."""

_UNHANDLED: Final = "LambdaUnhandled"
_INVALID: Final = "LambdaInvalidResponse"


class NoTarget(Exception):
    """There is no such target group, or no place for one more request: 502."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that has a place. `source`: whom it counts for; "" for a health check."""

    target: HostedTarget
    source: str
    verb: str
    path: str  # as it was sent, without the query
    query: bytes
    headers: RawHeaders

    @property
    def is_upgrade(self) -> bool:
        """Whether the client wants another protocol: functions speak none."""
        return any(name.lower() == b"upgrade" for name, _ in self.headers)


class Targets:
    """Hands requests to functions that are targets."""

    def __init__(self, functions: Functions, find: Find, tell: Tell) -> None:
        self._functions = functions
        self._find = find
        self._tell = tell
        self._places = Places(MOST_REQUESTS)

    @contextmanager
    def place(self, verb: str, target: bytes, headers: RawHeaders) -> Iterator[Asked]:
        """A place for a request, taken before its body is read.

        Args:
            verb: the request's method.
            target: its path and query, as they were sent.
            headers: Envoy's two among them, which no client can send.

        Raises:
            NoTarget: nobody gets it.

        """
        told = {
            lower: value.decode("latin-1")
            for name, value in headers
            if (lower := name.lower()) in _OURS  # in whatever spelling: Envoy may keep a client's
        }
        found = self._find().target(told.get(_TARGET, ""))
        source = source_of(told.get(_SOURCE, ""))
        if found is None or not self._places.take(source):
            raise NoTarget
        path, _, query = target.partition(b"?")
        try:
            yield Asked(
                target=found,
                source=source,
                verb=verb,
                path=wire_text(path),
                query=query,
                headers=headers,
            )
        finally:
            self._places.leave(source)

    async def __call__(self, asked: Asked, body: bytes) -> ProxyResponse:
        """The answer to a client."""
        target, request_id = asked.target, str(uuid.uuid4())
        if not asked.source:
            event = health_event(target, path=asked.path, query=asked.query)
        else:
            event = alb_event(
                target,
                verb=asked.verb,
                path=asked.path,
                query=asked.query,
                headers=asked.headers,
                body=body,
            )
        del body
        answer = await self._functions.invoke(
            target.function,
            event,
            request_id=request_id,
            invoked_arn=target.function_arn,
            source=asked.source,
        )
        match answer:
            case Returned(payload=payload):
                return self._read(target, request_id, payload)
            case Raised():  # its operator was told by whoever ran it, here and below
                return refusal(502, _UNHANDLED)
            case Failed(fault=fault):
                return refusal(502, _REASONS.get(fault, _UNHANDLED))

    def _read(self, target: HostedTarget, request_id: str, payload: bytes) -> ProxyResponse:
        try:
            return read_alb_response(payload, multi_value_headers=target.multi_value_headers)
        except MalformedProxyResponse as error:
            text = f"the answer to target group {target.group} is none that a load balancer takes: {error}"
            self._tell(Trouble(target.function, request_id, text))
            is_large = len(payload) > LARGEST_BODY
            return refusal(502, _REASONS[Fault.TOO_LARGE] if is_large else _INVALID)


def refusal(status: int, reason: str, *, closes: bool = False) -> ProxyResponse:
    """The balancer's own page, with Amazon's word for access logs, which Envoy keeps (`compile/function_target.py`)."""
    made = page(status, closes=closes)
    return replace(made, headers=(*made.headers, (keys.REASON_HEADER, reason)))


_TARGET: Final = keys.TARGET_HEADER.encode()
_SOURCE: Final = keys.SOURCE_HEADER.encode()
_OURS: Final = frozenset({_TARGET, _SOURCE})
