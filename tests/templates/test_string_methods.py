from __future__ import annotations

import pytest

from gateline.templates.budget import TemplateFailed
from templates.rendered import rendered


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("length()", "11"),
        ("isEmpty()", "false"),
        ("toString()", "Hello World"),
        ("toLowerCase()", "hello world"),
        ("toUpperCase()", "HELLO WORLD"),
        ("contains('lo W')", "true"),
        ("startsWith('Hello')", "true"),
        ("endsWith('x')", "false"),
        ("equals('Hello World')", "true"),
        ("equals(1)", "false"),
        ("equalsIgnoreCase('HELLO world')", "true"),
        ("compareTo('Help')", "-4"),
        ("hashCode()", "-862545276"),
        ("substring(6)", "World"),
        ("substring(3, 5)", "lo"),
        ("charAt(4)", "o"),
        ("indexOf('o')", "4"),
        ("indexOf('o', 5)", "7"),
        ("indexOf('x')", "-1"),
        ("lastIndexOf('o')", "7"),
        ("replace('l', 'L')", "HeLLo WorLd"),
        ("replaceAll('[aeiou]', '<$0>')", "H<e>ll<o> W<o>rld"),
        ("replaceFirst('l+', '')", "Heo World"),
        ("split(' ').size()", "2"),
        ("split('o')[1]", " W"),
        ("split('o', 2).get(1)", " World"),
        ("matches('Hello.*')", "true"),
        ("matches('Hello')", "false"),
        ("concat('!')", "Hello World!"),
        ("substring('1')", ""),
        ("contains(1)", ""),
        ("length(1)", ""),
        ("getBytes()", ""),
    ],
)
def test_methods(call: str, text: str) -> None:
    assert rendered(f"#set($s = 'Hello World')$s.{call}") == text


def test_trim_takes_blanks_and_control_characters() -> None:
    assert rendered("[$x.trim()]", given={"x": " \t\n a b \r\u0001"}) == "[a b]"


@pytest.mark.parametrize(
    "call",
    [
        "substring(12)",
        "substring(5, 3)",
        "charAt(11)",
        "replaceAll('(', '')",
        "replaceAll('l', '$1')",
        "matches('[')",
    ],
)
def test_what_java_throws_fails(call: str) -> None:
    with pytest.raises(TemplateFailed):
        rendered(f"#set($s = 'Hello World')$s.{call}")


def test_a_pattern_has_a_length() -> None:
    with pytest.raises(TemplateFailed, match="too long"):
        rendered("$x.matches($x)", given={"x": "a" * 5000})


def test_looking_backwards_for_a_long_text_costs_steps() -> None:
    given = {"x": "a" * 100_000, "y": "b" + "a" * 50_000}
    with pytest.raises(TemplateFailed, match="too many steps"):
        rendered("$x.lastIndexOf($y)", given=given)
    assert rendered("$x.lastIndexOf('aaa')", given=given) == "99997"
