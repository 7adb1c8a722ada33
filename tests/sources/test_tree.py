from __future__ import annotations

from gateline.model.origin import Origin
from gateline.sources.tree import dotted, grow, plain, texts, without

TREE = grow({"apis": {"a": {"hosts": ["x", "y"]}}, "name": "n"}, Origin("f.yaml"))


def test_every_value_knows_its_pointer() -> None:
    assert TREE.at(("apis", "a", "hosts", 1)).origin == Origin("f.yaml", ("apis", "a", "hosts", 1))


def test_a_pointer_that_leads_nowhere_ends_at_the_nearest_value() -> None:
    assert TREE.at(("apis", "a", "stages", "prod")).origin.pointer == ("apis", "a")
    assert TREE.reach(("apis", "a", "hosts", 7)) == ("apis", "a", "hosts")


def test_plain_values_are_what_was_written_with_lists_as_tuples() -> None:
    assert plain(TREE) == {"apis": {"a": {"hosts": ("x", "y")}}, "name": "n"}


def test_a_value_can_be_left_out() -> None:
    assert plain(without(TREE, {("apis", "a")})) == {"apis": {}, "name": "n"}


def test_a_list_that_loses_an_entry_is_emptied() -> None:
    assert plain(without(TREE, {("apis", "a", "hosts", 0)})) == {"apis": {"a": {"hosts": ()}}, "name": "n"}


def test_names_of_what_is_no_map_are_none() -> None:
    assert list(TREE.names("apis")) == ["a"]
    assert TREE.names("name") == {}
    assert TREE.names("nothing", "below") == {}


def test_pointers_are_said_with_dots_and_brackets() -> None:
    assert dotted(("gateway", "hosts", 1)) == "gateway.hosts[1]"
    assert dotted(()) == ""


def test_texts_are_found_with_their_pointers() -> None:
    assert [(pointer, node.value) for pointer, node in texts(TREE, ("tree",))] == [
        (("tree", "apis", "a", "hosts", 0), "x"),
        (("tree", "apis", "a", "hosts", 1), "y"),
        (("tree", "name"), "n"),
    ]
    assert list(texts(None, ())) == []
