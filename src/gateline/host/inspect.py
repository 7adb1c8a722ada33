"""/inspect: bodies on their way to a backend that must fit a model, or whose values a mapping needs.

Envoy holds such a request back while the host looks at its body (api-gateway.md sections 7 and 13). The reply is
netstrings: `ok`, a count and for each JSONPath of `HostedMethod.bodies` "1" and a value or "0" and nothing;
`invalid` and what `$context.error.validationErrorString` says; `malformed`, for a body that begins as JSON and is
none; or `undecodable`, for one that is not compressed as its Content-Encoding says. Whatever else happens is a
status other than 200, and the script answers 500.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from gateline.dataplane.netstring import NetstringWriter
from gateline.functions.places import Places, source_of
from gateline.host.content_coding import NotCompressed, plain_body
from gateline.host.directory import Directory, Find
from gateline.host.turns import Turns
from gateline.integrations.call import Call, CallInvalid, read_call
from gateline.integrations.outgoing import RawHeaders
from gateline.model.hosting import HostedMethod, HostedStage

MOST_INSPECTIONS: Final = 2048
"""Requests whose bodies are read or looked at: half of the connections that Envoy opens for them."""


class NotInspected(Exception):
    """A request whose body nobody looks at: there is no place for it, or no such method."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """A request that has a place, and the method by whose rules its body is judged."""

    call: Call
    stage: HostedStage
    method: HostedMethod
    directory: Directory


class Inspect:
    """Looks at bodies for the script."""

    def __init__(self, find: Find, turns: Turns) -> None:
        self._find = find
        self._turns = turns
        self._places = Places(MOST_INSPECTIONS)

    @contextmanager
    def place(self, described: bytes) -> Iterator[Inspection]:
        """A place for a request, taken before its body is read.

        Args:
            described: the script's description of the request, `x-gl-call`.

        Raises:
            NotInspected: there is none.

        """
        try:
            call = read_call(described)
        except CallInvalid:
            raise NotInspected from None
        directory = self._find()
        found = directory.method(call.scope, call.revision, call.route)
        source = source_of(call.source_ip)
        if found is None or not self._places.take(source):
            raise NotInspected
        try:
            yield Inspection(call, *found, directory)
        finally:
            self._places.leave(source)

    async def __call__(self, inspection: Inspection, headers: RawHeaders, body: bytes) -> bytes:
        """The reply to the script.

        Args:
            inspection: the request.
            headers: of the question; Content-Type is the client's.
            body: the client's.

        Raises:
            SchemaInvalid: the method's model can judge nothing.

        """
        types = _values_of(headers, b"content-type")
        codings = _values_of(headers, b"content-encoding") if inspection.stage.decompresses else []
        call = inspection.call
        source = source_of(call.source_ip)
        # What is inflated may be large, and what JSONPaths look at may be much.
        if codings or inspection.method.bodies or not inspection.method.models:
            return await self._turns.run(source, len(body), lambda: _reply(inspection, types, codings, body))
        from gateline.schemas.pattern import TooLong  # noqa: PLC0415 - most configurations have no models

        return await self._turns.briefly(
            call.route,
            source,
            len(body),
            lambda is_brief: _reply(inspection, types, codings, body, is_brief=is_brief),
            TooLong,
        )


def _values_of(headers: RawHeaders, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in headers if name.lower() == wanted]


def _reply(
    inspection: Inspection,
    types: Sequence[str],
    codings: Sequence[str],
    body: bytes,
    *,
    is_brief: bool = False,
) -> bytes:
    if codings:
        try:
            body = plain_body(body, codings)
        except NotCompressed:
            return _list("undecodable")
    fault = _fault(inspection, types, body, is_brief=is_brief)
    if fault is not None:
        return _list("invalid", fault)
    if not inspection.method.bodies:
        return _list("ok", 0)
    # Only now: the templates' JSON is not needed by most configurations.
    from gateline.integrations.body_value import BodyMalformed  # noqa: PLC0415

    try:
        values = _values(inspection.method.bodies, body)
    except BodyMalformed:
        return _list("malformed")
    # Half a pair of surrogates, as JSON can hold it, is no character.
    texts = (None if value is None else value.encode(errors="replace") for value in values)
    flat = [part for text in texts for part in ((b"0", b"") if text is None else (b"1", text))]
    return _list("ok", len(values), *flat)


def _fault(inspection: Inspection, types: Sequence[str], body: bytes, *, is_brief: bool) -> str | None:
    """What keeps the body from fitting the model that its Content-Type means."""
    if not inspection.method.models:
        return None
    from gateline.schemas.choice import model_for  # noqa: PLC0415 - most configurations have no models

    model = model_for(inspection.method.models, types)
    return model and inspection.directory.models(inspection.stage).violations(model, body, is_brief=is_brief)


def _values(paths: Sequence[str], body: bytes) -> list[str | None]:
    """What the JSONPaths find; one that cannot be read finds nothing.

    Raises:
        BodyMalformed: the body begins as JSON does and is none.

    """
    from gateline.integrations.body_value import Body  # noqa: PLC0415
    from gateline.templates.jsonpath import PathInvalid, parse_mapped_path  # noqa: PLC0415

    read = Body(body)
    found: list[str | None] = []
    for path in paths:
        try:
            parsed = parse_mapped_path(path) if path else None
        except PathInvalid:
            found.append(None)
        else:
            found.append(read.value(parsed))
    return found


def _list(*values: str | bytes | int) -> bytes:
    writer = NetstringWriter()
    writer.put(*values)
    return writer.data
