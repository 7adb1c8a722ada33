from __future__ import annotations

from gateline.templates.loop import Loop


def test_a_loop_says_where_it_stands() -> None:
    outer = Loop(2, None)
    loop = Loop(2, outer)
    shown = [loop.attribute(name) for name in ("index", "count", "hasNext", "first", "last", "parent", "x")]
    assert shown == [0, 1, True, True, False, outer, None]
    loop.index = 1
    assert [loop.attribute(name) for name in ("index", "hasNext", "first", "last")] == [1, False, False, True]
