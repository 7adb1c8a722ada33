"""What a route of a balancer tells `balancer.lua`: one struct, whoever has a part in it.

Reading it costs the script 0.1 us, so a route with nothing to tell has none.
"""

from __future__ import annotations

from google.protobuf.message import Message

from gateline.compile.wire import new, packed, struct


def route_context(**parts: str) -> Message:
    """The packed LuaPerRoute of a route, to stand at `LUA_FILTER` in its `typed_per_filter_config`.

    Args:
        **parts: what the script reads by `h:filterContext():get(key)`. All parts of a route go into one call,
            because a second per-route configuration would replace the first.

    Raises:
        ValueError: there is nothing to be told.

    """
    if not parts:
        raise ValueError("a route without anything to tell has no context")
    return packed(new("envoy.extensions.filters.http.lua.v3.LuaPerRoute", filter_context=struct(parts)))
