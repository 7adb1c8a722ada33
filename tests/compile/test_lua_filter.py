"""Filters that run scripts, and what routes tell them."""

from __future__ import annotations

from typing import Any

from gateline.compile.lua_filter import lua_filter, lua_route
from gateline.compile.wire import message_class, to_dict


def configured(filter_: dict[str, object]) -> dict[str, Any]:
    packed: Any = filter_["typed_config"]
    return to_dict(message_class("envoy.extensions.filters.http.lua.v3.Lua").FromString(packed.value))


def told(packed: Any) -> dict[str, Any]:
    return to_dict(message_class("envoy.extensions.filters.http.lua.v3.LuaPerRoute").FromString(packed.value))


def test_one_script_runs_for_every_request_and_chooses_no_route_by_itself() -> None:
    assert configured(lua_filter("ours", "-- text", shared_vm_id="us")) == {
        "default_source_code": {"inline_string": "-- text"},
        "clear_route_cache": False,
        "shared_vm_id": "us",
    }


def test_of_several_scripts_a_route_names_its_own() -> None:
    made = lua_filter("ours", {"a.lua": "-- a", "b.lua": "-- b"})
    assert made["name"] == "ours"
    assert set(configured(made)["source_codes"]) == {"a.lua", "b.lua"}
    assert told(lua_route("b.lua")) == {"name": "b.lua"}


def test_all_parts_of_a_route_stand_in_one_struct_whatever_their_order() -> None:
    assert told(lua_route(context={"id": "ab12", "table": "1:1,"})) == {
        "filter_context": {"id": "ab12", "table": "1:1,"}
    }
    assert lua_route(context={"a": "1", "b": "2"}) == lua_route(context={"b": "2", "a": "1"})
