"""What a route of a balancer tells its script."""

from __future__ import annotations

from typing import Any

import pytest

from gateline.compile.balancer_context import route_context
from gateline.compile.wire import message_class, to_dict


def test_all_parts_of_a_route_stand_in_one_struct() -> None:
    told: Any = route_context(id="ab12", table="1:1,", **{"lambda": "resize"})
    per_route = message_class("envoy.extensions.filters.http.lua.v3.LuaPerRoute").FromString(told.value)
    assert told.type_url == "type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute"
    assert to_dict(per_route) == {"filter_context": {"id": "ab12", "table": "1:1,", "lambda": "resize"}}


def test_the_same_parts_make_the_same_bytes_whatever_their_order() -> None:
    assert route_context(id="a", login="b") == route_context(login="b", id="a")


def test_a_context_of_nothing_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="anything to tell"):
        route_context()
