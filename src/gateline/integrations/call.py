"""The request that a function is called for, as `gateway.lua` describes it to the host."""

from __future__ import annotations

from dataclasses import dataclass

from gateline.dataplane.netstring import NetstringInvalid, NetstringReader


class CallInvalid(ValueError):
    """Bytes that describe no call. The message names a position, never a value of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """What the authorizer of a request said of its caller."""

    principal: str
    integration_latency: int  # milliseconds that the authorizer took; 0 when its answer was kept
    context: tuple[tuple[str, str], ...] = ()  # values are strings already


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as the script saw it. Paths, query and path parameters are not percent-decoded."""

    scope: str  # "storefront/prod"; names a HostedStage
    route: str  # "storefront/prod GET /orders/{id}"; names a HostedMethod
    request_id: str
    trace_id: str
    verb: str
    full_path: str  # with the stage, without the query
    path: str  # after the stage
    query: bytes
    authority: str
    source_ip: str
    protocol: str
    path_parameters: tuple[tuple[str, str], ...] = ()
    authorized: Authorized | None = None  # None: no authorizer, or the call is for the authorizer
    api_key: str = ""  # the value of the caller's key, where the method required one
    api_key_id: str = ""
    revision: str = ""  # of the HostedStage by which the request was let in


def wire_text(data: bytes) -> str:
    """Bytes of a client's as text for an event: UTF-8 where they are, else one character for each byte.

    The same bytes always give the same text, and UTF-8 comes back unchanged when a function hands it on.
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read_call(data: bytes) -> Call:
    """Read CALL, the list of netstrings that the script writes for every call of the host.

    Raises:
        CallInvalid: the bytes are not such a list.

    """
    reader = NetstringReader(data)
    try:
        call = _read(reader)
        reader.end()
    except NetstringInvalid as error:
        raise CallInvalid(str(error)) from error
    return call


def _read(reader: NetstringReader) -> Call:
    return Call(
        scope=reader.take_text(),
        route=reader.take_text(),
        request_id=reader.take_text(),
        trace_id=wire_text(reader.take()),
        verb=wire_text(reader.take()),
        full_path=wire_text(reader.take()),
        path=wire_text(reader.take()),
        query=reader.take(),
        authority=wire_text(reader.take()),
        source_ip=reader.take_text(),
        protocol=reader.take_text(),
        path_parameters=tuple((wire_text(name), wire_text(value)) for name, value in reader.take_pairs()),
        authorized=_read_authorized(reader),
        api_key=wire_text(reader.take()),
        api_key_id=reader.take_text(),
        revision=reader.take_text(),
    )


def _read_authorized(reader: NetstringReader) -> Authorized | None:
    """Principal, latency, context; a latency of "" says that there is no authorizer."""
    principal, latency = reader.take_text(), reader.take()
    context = tuple((wire_text(name), wire_text(value)) for name, value in reader.take_pairs())
    if not latency:
        if principal or context:
            raise NetstringInvalid("an authorizer's answer without a latency")
        return None
    if not latency.isdigit() or len(latency) > 9:
        raise NetstringInvalid("a latency that is no number")
    return Authorized(principal=principal, integration_latency=int(latency), context=context)
