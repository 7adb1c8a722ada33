"""Filters that run scripts of ours, and what single routes tell them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from google.protobuf.message import Message

from gateline.compile.wire import extension, new, packed, struct

_FILTER: Final = "envoy.extensions.filters.http.lua.v3.Lua"
_PER_ROUTE: Final = "envoy.extensions.filters.http.lua.v3.LuaPerRoute"


def lua_filter(name: str, script: str | Mapping[str, str], **fields: object) -> dict[str, object]:
    """An HTTP filter that runs a script; the script says itself when the route is to be chosen again.

    Args:
        name: the filter's.
        script: the text that runs for every request; or texts by their names, of which a route names one (`lua_route`)
            and which do nothing on others.
        fields: further fields of the filter.

    """
    codes: dict[str, object]
    if isinstance(script, str):
        codes = {"default_source_code": {"inline_string": script}}
    else:
        codes = {"source_codes": {key: {"inline_string": text} for key, text in script.items()}}
    return extension(name, _FILTER, **codes, clear_route_cache={"value": False}, **fields)


def lua_route(script: str = "", context: Mapping[str, str] = MappingProxyType({})) -> Message:
    """What a route says to such a filter, packed; reading the context costs the script 0.1 us.

    Args:
        script: the name of the script that runs; "": the filter has one for every request.
        context: what the script reads by `h:filterContext()`. All parts of a route go into one call, because a second
            per-route configuration would replace the first.

    """
    named = {"name": script} if script else {}
    told = {"filter_context": struct(context)} if context else {}
    return packed(new(_PER_ROUTE, **named, **told))
