"""POST /assert and /bind: assertions for requests that the script sends to backends by itself.

`/assert` is asked once in a while for a stage whose methods have no authorizer: two netstrings, the scope and the
revision of the stage. `/bind` is asked for each request of a stage that binds assertions to them, with the body; what
goes to the backend is described in `x-gl-call`. Both answer netstrings: the token, until when it may be sent, and
the audience; or one word: `unsigned`, or `undecodable` for a body that is not compressed as its Content-Encoding says.
Whatever else happens is a status other than 200, and the script answers 500.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from gateline.dataplane.netstring import NetstringInvalid, NetstringReader, NetstringWriter
from gateline.functions.places import Places, source_of
from gateline.host.assertions import Assertions, Context, NotSigned
from gateline.host.content_coding import NotCompressed, plain_body
from gateline.host.directory import Find
from gateline.host.inspect import MOST_INSPECTIONS
from gateline.host.turns import SMALL, Turns
from gateline.integrations.call import wire_text
from gateline.integrations.outgoing import RawHeaders
from gateline.model.assertion import Binding
from gateline.model.hosting import HostedStage

MOST_BINDINGS: Final = MOST_INSPECTIONS
"""Requests whose bodies are read or hashed."""


class NotBound(Exception):
    """A request that no assertion is signed for: there is no place for it, or no such stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A request that has a place, as it goes to the backend; its body comes."""

    stage: HostedStage
    source_ip: str
    request_id: str
    principal: str
    context: Context
    verb: str
    path: str


class AssertCaller:
    """Answers `/assert`."""

    def __init__(self, find: Find, assertions: Assertions) -> None:
        self._find = find
        self._assertions = assertions

    async def __call__(self, body: bytes) -> bytes:
        """The reply to one question.

        Raises:
            NetstringInvalid: the body is no question.

        """
        reader = NetstringReader(body)
        scope, revision = reader.take_text(), reader.take_text()
        reader.end()
        stage = self._find().stage(scope, revision)
        if stage is None or stage.assertion is None:
            return _list("unsigned")
        try:
            signed = self._assertions.for_caller(stage, "", ())
        except NotSigned:
            return _list("unsigned")
        return _list(signed.token, signed.until, signed.audience)


class AssertRequest:
    """Answers `/bind`."""

    def __init__(self, find: Find, assertions: Assertions, turns: Turns) -> None:
        self._find = find
        self._assertions = assertions
        self._turns = turns
        self._places = Places(MOST_BINDINGS)

    @contextmanager
    def place(self, described: bytes) -> Iterator[Bound]:
        """A place for a request, taken before its body is read.

        Args:
            described: what the script says of it, `x-gl-call`.

        Raises:
            NotBound: there is none.

        """
        try:
            bound = self._read(NetstringReader(described))
        except NetstringInvalid:
            raise NotBound from None
        source = source_of(bound.source_ip)
        if not self._places.take(source):
            raise NotBound
        try:
            yield bound
        finally:
            self._places.leave(source)

    def _read(self, reader: NetstringReader) -> Bound:
        stage = self._find().stage(reader.take_text(), reader.take_text())
        if stage is None or stage.assertion is None or stage.assertion.binding is not Binding.REQUEST:
            raise NotBound
        bound = Bound(
            stage=stage,
            request_id=reader.take_text(),
            source_ip=reader.take_text(),
            verb=wire_text(reader.take()),
            path=wire_text(reader.take()),
            principal=reader.take_text(),
            context=tuple((wire_text(name), wire_text(value)) for name, value in reader.take_pairs()),
        )
        reader.end()
        return bound

    async def __call__(self, bound: Bound, headers: RawHeaders, body: bytes) -> bytes:
        """The reply to the script.

        Args:
            bound: the request.
            headers: of the question; Content-Encoding is the client's.
            body: the client's.

        Raises:
            NotSigned: there is no key.

        """
        codings = [
            value.decode("latin-1")
            for name, value in headers
            if bound.stage.decompresses and name.lower() == b"content-encoding"
        ]
        if len(body) <= SMALL and not codings:
            return self._reply(bound, codings, body)
        return await self._turns.run(
            source_of(bound.source_ip), len(body), lambda: self._reply(bound, codings, body)
        )

    def _reply(self, bound: Bound, codings: list[str], body: bytes) -> bytes:
        from gateline.authority.assertion import SentRequest  # noqa: PLC0415 - as `assertions` has it

        try:
            body = plain_body(body, codings)
        except NotCompressed:
            return _list("undecodable")
        request = SentRequest(verb=bound.verb, path=bound.path, body=body, request_id=bound.request_id)
        token = self._assertions.for_request(bound.stage, bound.principal, bound.context, request)
        assert bound.stage.assertion is not None
        return _list(token, 0, bound.stage.assertion.audience)


def _list(*values: str | int) -> bytes:
    writer = NetstringWriter()
    writer.put(*values)
    return writer.data
