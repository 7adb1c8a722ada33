from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lupa.luajit21 import LuaRuntime

from gateline import dataplane
from gateline.authorizers.readings import readings

_FRONT = """
return function(path)
  local found, count, too_many = readings_of(path)
  return not too_many and table.concat(found, "\\1") or nil
end
"""


@pytest.mark.parametrize(
    ("path", "others"),
    [
        ("/orders/7", set()),
        ("/", set()),
        ("/orders/", {"/orders/"}),
        ("/%61dmin", {"/admin"}),
        ("/a%2Fb", {"/a/b"}),
        ("/%2561", {"/%61", "/a"}),
        ("/a//b", {"/a/b"}),
        ("/a;x=1/b", {"/a/b"}),
        ("/a%3Bx", {"/a;x", "/a"}),
        ("/%zz", set()),
    ],
)
def test_a_path_is_read_as_a_backend_may_read_it(path: str, others: set[str]) -> None:
    found = readings(path)
    assert found is not None
    assert {each for each in found if each != path or path.endswith("/")} - {"/"} == others - {"/"}


def test_too_many_readings_are_none() -> None:
    assert readings("/" + "%2525253B/;/" * 2000) is None


@cache
def script() -> Any:
    lua = LuaRuntime(encoding="latin-1")
    return lua.execute(dataplane.script().encode().decode("latin-1") + _FRONT)


PIECES = st.sampled_from(["/", "a", ";", "%2F", "%3b", "%25", "%61", "%", "%z", "é", ".", "//", "x=1"])


@settings(deadline=None)
@given(st.lists(PIECES, max_size=12).map(lambda parts: "/" + "".join(parts)))
def test_the_script_reads_a_path_in_the_same_ways(path: str) -> None:
    said = script()(path.encode().decode("latin-1"))
    mine = readings(path)
    if said is None:
        assert mine is None
        return
    assert mine is not None
    listed = {each.encode("latin-1").decode("utf-8", "surrogateescape") for each in said.split("\1")}
    wanted = listed | {each.removesuffix("/") for each in listed}
    assert set(mine) == wanted - {path.removesuffix("/"), ""}
