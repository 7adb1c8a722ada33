"""Origins: a place as a file and a pointer."""

from __future__ import annotations

from gateline.model.origin import Origin, Position


def test_a_pointer_is_written_as_rfc_6901_says() -> None:
    origin = Origin("api.yaml").child("paths", "/a~b/{id}", "get", 0)
    assert origin.json_pointer == "/paths/~1a~0b~1{id}/get/0"
    assert Origin("api.yaml").json_pointer == ""


def test_a_child_is_below_and_leaves_its_parent_alone() -> None:
    parent = Origin("api.yaml", ("paths",))
    assert parent.child("x", 1) == Origin("api.yaml", ("paths", "x", 1))
    assert parent.pointer == ("paths",)


def test_a_child_does_not_inherit_a_position() -> None:
    assert Origin("api.yaml", (), Position(1, 2)).child("x").position is None
