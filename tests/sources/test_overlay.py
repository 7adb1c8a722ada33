from __future__ import annotations

from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin
from gateline.sources.json_value import JsonValue
from gateline.sources.overlay import join, lay_over
from gateline.sources.tree import Node, grow, plain


def tree(value: JsonValue, file: str = "base.yaml") -> Node:
    return grow(value, Origin(file))


def test_maps_merge_deep_and_other_values_replace() -> None:
    under = tree({"gateway": {"port": 1, "hosts": ["a", "b"]}, "name": "n"})
    over = tree({"gateway": {"port": 2, "hosts": ["c"]}}, "prod.yaml")
    assert plain(lay_over(under, over)) == {"gateway": {"port": 2, "hosts": ("c",)}, "name": "n"}


def test_null_removes() -> None:
    under = tree({"gateway": {"tls": {"self_signed": True}, "port": 1}})
    assert plain(lay_over(under, tree({"gateway": {"tls": None}}))) == {"gateway": {"port": 1}}


def test_null_removes_also_in_what_the_overlay_adds() -> None:
    assert plain(lay_over(tree({}), tree({"gateway": {"tls": None, "port": 1}}))) == {"gateway": {"port": 1}}


def test_a_scalar_gives_way_to_a_map_and_a_map_to_a_scalar() -> None:
    assert plain(lay_over(tree({"a": 1}), tree({"a": {"b": 2}}))) == {"a": {"b": 2}}
    assert plain(lay_over(tree({"a": {"b": 2}}), tree({"a": 1}))) == {"a": 1}


def test_each_value_keeps_the_place_where_it_was_written() -> None:
    both = lay_over(tree({"a": {"x": 1, "y": 1}}), tree({"a": {"y": 2}}, "prod.yaml"))
    assert both.at(("a", "x")).origin == Origin("base.yaml", ("a", "x"))
    assert both.at(("a", "y")).origin == Origin("prod.yaml", ("a", "y"))


def test_included_files_add_to_each_other() -> None:
    complaints = Complaints()
    both = join(tree({"apis": {"a": 1}}), tree({"apis": {"b": 2}, "name": "n"}), str, complaints)
    assert plain(both) == {"apis": {"a": 1, "b": 2}, "name": "n"}
    assert complaints.report().diagnostics == ()


def test_a_key_in_two_included_files_is_a_complaint_that_names_both_places() -> None:
    complaints = Complaints()
    first, second = tree({"gateway": {"hosts": ["a"]}}), tree({"gateway": {"hosts": ["a"]}}, "more.yaml")
    both = join(first, second, lambda origin: f"{origin.file}{origin.json_pointer}", complaints)
    assert plain(both) == {"gateway": {"hosts": ("a",)}}
    (said,) = complaints.report().diagnostics
    assert said.code.name == "GL212"
    assert said.message == "gateway.hosts is set here and at base.yaml/gateway/hosts"
    assert said.origin == Origin("more.yaml", ("gateway", "hosts"))
