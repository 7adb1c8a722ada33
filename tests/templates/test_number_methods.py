from __future__ import annotations

import pytest

from gateline.templates.budget import TemplateFailed
from templates.rendered import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("#set($n = 3)$n.toString().length()", "1"),
        ("#set($n = 3.7)$n.intValue() $n.longValue()", "3 3"),
        ("#set($n = 3)$n.doubleValue()", "3.0"),
        ("#set($n = 3)$n.equals(3) $n.equals('3')", "true false"),
        ("#set($n = 3)$n.compareTo(4)", "-1"),
        ("#set($Integer = 0)$Integer.parseInt('-12')", "-12"),
        ("#set($Integer = 0)#set($n = $Integer.parseInt('3') + 1)$n", "4"),
        ("#set($Integer = 0)$Integer.valueOf('7') $Integer.toString(8)", "7 8"),
        ("#set($Double = 0.0)$Double.parseDouble('1.5') $Double.valueOf('2')", "1.5 2.0"),
        ("#set($b = true)$b.toString() $b.equals(false) $b.booleanValue()", "true false true"),
        ("#set($b = false)$b.parseBoolean('TRUE')", "true"),
        ("#set($n = 3)$n.nope() $n.x", " "),
    ],
)
def test_methods(template: str, text: str) -> None:
    assert rendered(template) == text


def test_a_number_of_json_has_the_methods_too() -> None:
    assert rendered("$n.intValue() $n.toString()", given={"n": 1}) == "1 1"
    assert rendered("$input.path('$').intValue() $input.path('$').doubleValue()", "1e3") == "1000 1000.0"


@pytest.mark.parametrize("text", ["", "1.5", "a", "1" * 50, "\u0661"])
def test_what_is_no_integer_fails(text: str) -> None:
    with pytest.raises(TemplateFailed, match="integer"):
        rendered("#set($n = 0)$n.parseInt($x)", given={"x": text})


def test_what_is_no_number_fails() -> None:
    with pytest.raises(TemplateFailed, match="number"):
        rendered("#set($n = 0)$n.parseDouble('1_0')")
