from __future__ import annotations

import pytest

from gateline.templates.budget import TemplateFailed
from gateline.templates.directive import Text
from gateline.templates.frame import Frame
from templates.rendered import meter


def test_what_is_captured_is_not_written() -> None:
    frame = Frame({}, {}, meter())
    frame.write("a")
    assert frame.captured(Text("b")) == "b"
    frame.write("c")
    assert frame.written == "ac"


def test_blocks_within_blocks_are_counted() -> None:
    frame = Frame({}, {}, meter(depth=1))
    frame.enter(Text("a"))
    frame.enter(Text("b"))
    assert frame.written == "ab"

    class Nested:
        def render(self, frame: Frame) -> None:
            frame.enter(Text("c"))

    with pytest.raises(TemplateFailed, match="nested"):
        frame.enter(Nested())
    frame.enter(Text("d"))


def test_output_takes_room() -> None:
    with pytest.raises(TemplateFailed, match="too much text"):
        Frame({}, {}, meter(characters=3)).write("four")
