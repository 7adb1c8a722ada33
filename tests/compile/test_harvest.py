"""What was compiled once is lent to the next compilation, and only when nothing that it depends on has changed."""

from __future__ import annotations

import dataclasses

import pytest

from compile.gateways import (
    DEV,
    ORIGIN,
    api,
    authorized,
    aws_proxy,
    function,
    gateway,
    http_proxy,
    keyring,
    literal,
    mapping,
    method,
    token_authorizer,
)
from gateline.compile import compile_gateway
from gateline.compile.harvest import Memory, MethodHarvest
from gateline.compile.resources import SCOPED_ROUTE, Resources
from gateline.model.gateway import Gateway
from gateline.model.integration import ConnectionType, VpcLink
from gateline.model.rest_api import Stage

ORDERS = api(method("GET", "/a"))
USERS = api(method("GET", "/a"), name="users")


def compiled_with(memory: Memory, project: Gateway) -> Resources:
    """Compile with what is remembered."""
    result = compile_gateway(project, keyring(), memory=memory)
    assert result.resources is not None
    return result.resources


def test_an_unchanged_stage_is_the_same_object_again() -> None:
    memory = Memory()
    before = compiled_with(memory, gateway(ORDERS, USERS))
    after = compiled_with(memory, gateway(ORDERS, api(method("GET", "/b"), name="users")))
    old, new = before.by_type[SCOPED_ROUTE], after.by_type[SCOPED_ROUTE]
    assert new["orders/dev"] is old["orders/dev"]
    assert new["users/dev"] is not old["users/dev"]


def test_with_or_without_memory_the_result_is_the_same() -> None:
    memory = Memory()
    changed = gateway(ORDERS, api(method("GET", "/b"), name="users"), hosts=("gw.test",))
    compiled_with(memory, gateway(ORDERS, USERS))
    assert compiled_with(memory, changed) == compiled_with(Memory(), changed)


def test_a_changed_stage_variable_is_seen() -> None:
    memory = Memory()
    served = api(method("GET", "/a", http_proxy("http://${stageVariables.h}/")), stages=(_stage("one.test"),))
    before = compiled_with(memory, gateway(served))
    after = compiled_with(memory, gateway(dataclasses.replace(served, stages=(_stage("two.test"),))))
    assert [found.host for found in before.lookups] == ["one.test"]
    assert [found.host for found in after.lookups] == ["two.test"]


def test_a_changed_vpc_link_is_seen() -> None:
    memory = Memory()
    behind = api(method("GET", "/a", http_proxy(connection_type=ConnectionType.VPC_LINK, connection_id="l")))
    first, second = (
        VpcLink(name="l", targets=((host, 80),), origin=ORIGIN) for host in ("one.test", "two.test")
    )
    compiled_with(memory, gateway(behind, links=(first,)))
    after = compiled_with(memory, gateway(behind, links=(second,)))
    assert [found.host for found in after.lookups] == ["two.test"]


def test_a_changed_account_is_seen() -> None:
    memory = Memory()
    compiled_with(memory, gateway(ORDERS, account_id="000000000001"))
    before = compiled_with(memory, gateway(ORDERS, account_id="000000000002"))
    assert before == compiled_with(Memory(), gateway(ORDERS, account_id="000000000002"))


def test_headers_that_another_api_maps_are_cleaned_everywhere() -> None:
    memory = Memory()
    compiled_with(memory, gateway(ORDERS, USERS))
    writes = api(
        method("GET", "/a", http_proxy("http://b.test/", mapping("header.X-T", literal("v")))), name="users"
    )
    after = gateway(ORDERS, writes)
    assert compiled_with(memory, after) == compiled_with(Memory(), after)


def test_what_was_complained_about_is_complained_about_again() -> None:
    memory = Memory()
    served = gateway(api(method("GET", "/a", http_proxy("http:///"))))
    for _ in range(2):
        report = compile_gateway(served, keyring(), memory=memory).report
        assert [d.code.name for d in report.diagnostics] == ["GL602"]


def test_one_stage_more_is_compiled() -> None:
    memory = Memory()
    compiled_with(memory, gateway(ORDERS))
    two = dataclasses.replace(ORDERS, stages=(DEV, Stage(name="prod", origin=ORIGIN)))
    assert set(compiled_with(memory, gateway(two)).by_type[SCOPED_ROUTE]) == {
        "@entry",
        "orders/dev",
        "orders/prod",
    }


_PAIR = (token_authorizer("first"), token_authorizer("second"))
_OPEN, _FIRST, _SECOND = (
    method("GET", path, http_proxy("http://b.test/"), **more)
    for path, more in (
        ("/open", {}),
        ("/first", {"authorization": authorized("first")}),
        ("/second", {"authorization": authorized("second")}),
    )
)
_LAST = method("GET", "/last")
_EDITS = {
    "one method of three": (
        gateway(api(_OPEN, method("GET", "/b"), _LAST)),
        gateway(api(_OPEN, method("GET", "/b", http_proxy("http://c.test/")), _LAST)),
    ),
    "the only method of the first authorizer is gone": (
        gateway(api(_OPEN, _FIRST, _SECOND, authorizers=_PAIR), functions=(function(),)),
        gateway(api(_OPEN, _SECOND, authorizers=_PAIR), functions=(function(),)),
    ),
    "the id of the API": (gateway(api(_OPEN)), gateway(api(_OPEN, api_id="a1b2c3d4e5"))),
    "a function behind a method is not declared any more": (
        gateway(api(method("GET", "/f", aws_proxy())), functions=(function(),)),
        gateway(api(method("GET", "/f", aws_proxy()))),
    ),
    "the method that named a host first is gone": (
        gateway(api(_OPEN, method("GET", "/z", http_proxy("http://b.test/z")))),
        gateway(api(method("GET", "/z", http_proxy("http://b.test/z")))),
    ),
    "a method beside one that complains": (
        gateway(api(_OPEN, method("GET", "/odd", http_proxy("http:///")))),
        gateway(api(method("GET", "/odd", http_proxy("http:///")), method("GET", "/more"))),
    ),
}


@pytest.mark.parametrize("edit", _EDITS)
def test_an_edited_api_compiles_as_if_nothing_were_remembered(edit: str) -> None:
    memory = Memory()
    for project in (*_EDITS[edit], *_EDITS[edit]):
        with_memory = compile_gateway(project, keyring(), memory=memory)
        without = compile_gateway(project, keyring())
        assert with_memory == without
        assert with_memory.resources is not None
        assert without.resources is not None
        assert with_memory.resources.origins == without.resources.origins


def test_only_the_edited_method_of_a_stage_is_compiled_again() -> None:
    memory = Memory()
    before, after = (_yields(memory, project) for project in _EDITS["one method of three"])
    assert [after[route] is before[route] for route in before] == [True, False, True]


def _yields(memory: Memory, project: Gateway) -> dict[str, MethodHarvest]:
    """What the methods of the one stage have yielded."""
    compiled_with(memory, project)
    kept = memory.methods("orders/dev", project, project.apis[0], DEV, ())
    kept.now.update(kept.former)
    return kept.former


def _stage(host: str) -> Stage:
    return Stage(name="dev", variables=(("h", host),), origin=ORIGIN)
