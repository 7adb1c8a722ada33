from __future__ import annotations

import pytest

from gateline.templates.method import Tool, Unsuitable, text_argument, whole_argument
from templates.rendered import meter


def test_arguments_are_what_the_method_takes() -> None:
    assert (text_argument("a"), text_argument(None), whole_argument(1)) == ("a", "", 1)


@pytest.mark.parametrize("value", [1, True, [], {}])
def test_what_is_no_text_is_unsuitable(value: object) -> None:
    with pytest.raises(Unsuitable):
        text_argument(value)


@pytest.mark.parametrize("value", ["1", True, 1.0, None])
def test_what_is_no_integer_is_unsuitable(value: object) -> None:
    with pytest.raises(Unsuitable):
        whole_argument(value)


def test_a_tool_shows_nothing_by_itself() -> None:
    assert (Tool().attribute("text"), Tool().text(meter()), dict(Tool.METHODS)) == (None, "", {})
