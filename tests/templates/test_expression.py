from __future__ import annotations

import pytest

from gateline.templates.expression import LONGEST_TOKEN, Expression, ExpressionInvalid


@pytest.mark.parametrize(
    ("expression", "token", "fits"),
    [
        ("^Bearer [-0-9a-zA-Z._~+/]+=*$", "Bearer abc.def", True),
        ("Bearer .+", "Bearer abc", True),
        ("abc", "xabc", False),
        ("abc", "abcx", False),
        ("abc|abcdef", "abcdef", True),
        (r"\w+", "müller", False),
        (r"\p{Alpha}++[a-z&&[^q]]", "ABCx", False),
        (r"\p{Upper}++[a-z&&[^q]]", "ABCx", True),
        ("(?!admin).*", "admin1", False),
        (r".*\Q[Not.Found]\E.*", "x [Not.Found] y", True),
        (r".*\Q[Not.Found]\E.*", "x [NotxFound] y", False),
        (r"\Q(((", "(((", True),  # to the end, where nothing ends it
        (r"\\Q.", r"\Qx", True),  # an escaped backslash, and a Q
        (r"[\Q-]\E]+", "-]", True),
        (r"(?<quote>['x]).*\k<quote>", "'a'", True),
        (r"(?<quote>['x]).*\k<quote>", "'ax", False),
        (".*", "x" * (LONGEST_TOKEN + 1), False),
    ],
)
def test_the_whole_token_must_match_as_in_java(expression: str, token: str, fits: bool) -> None:
    assert Expression(expression).matches(token) is fits


@pytest.mark.parametrize("expression", ["(a|aa)+$", r"(\w+\s?)*\1$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_an_expression_that_would_not_end_is_broken_off(expression: str) -> None:
    assert Expression(expression).matches("a" * 5000 + "!") is None


@pytest.mark.parametrize("expression", [r"(a|aa)+$", r"(\w+\s?)*\1$"])
def test_replacing_and_splitting_are_broken_off_too(expression: str) -> None:
    text = "a" * 5000 + "!"
    assert Expression(expression).replace(text, "", longest=10_000) is None
    assert Expression(expression).split(text) is None


def test_an_expression_that_cannot_be_read_is_told() -> None:
    with pytest.raises(ExpressionInvalid, match="missing"):
        Expression("(abc")


@pytest.mark.parametrize(
    ("expression", "text", "replacement", "replaced"),
    [
        ("ba.", "foobar123bab", "foo", "foofoo123foo"),
        (r"\\'", r"it\'s", "'", "it's"),
        ("(a)(b)", "xaby", "$2$1", "xbay"),
        ("(?<first>a)", "xa", r"${first}\$", "xa$"),
        ("(a)|(b)", "ab", "[$2]", "[][b]"),
        ("a", "aa", r"\\", r"\\"[0] * 2),
        ("x*", "abc", "-", "-a-b-c-"),
    ],
)
def test_replacements_are_written_as_in_java(
    expression: str, text: str, replacement: str, replaced: str
) -> None:
    assert Expression(expression).replace(text, replacement, longest=100) == replaced


def test_only_the_first_places_are_replaced_when_that_is_asked() -> None:
    assert Expression("a").replace("aaa", "b", longest=100, count=1) == "baa"


@pytest.mark.parametrize("replacement", ["$1", "${name}", "$", "\\"])
def test_a_replacement_that_stands_for_nothing_is_told(replacement: str) -> None:
    with pytest.raises(ExpressionInvalid, match=r"group|stands"):
        Expression("a").replace("a", replacement, longest=100)


@pytest.mark.parametrize(
    ("expression", "text", "limit", "parts"),
    [
        (",", "a,b,c", 0, ["a", "b", "c"]),
        (",", "a,b,,", 0, ["a", "b"]),
        (",", "a,b,,", -1, ["a", "b", "", ""]),
        (",", "a,b,c", 2, ["a", "b,c"]),
        (",", ",a", 0, ["", "a"]),
        (",", "", 0, [""]),
        ("", "abc", 0, ["a", "b", "c"]),
        (r"\.", "1.2.3", 0, ["1", "2", "3"]),
        ("&", "a=1&b=2", 0, ["a=1", "b=2"]),
    ],
)
def test_texts_are_split_as_in_java(expression: str, text: str, limit: int, parts: list[str]) -> None:
    assert Expression(expression).split(text, limit) == parts


def test_a_replacement_does_not_grow_beyond_what_it_may() -> None:
    assert Expression("a").replace("a" * 1000, "b" * 1000, longest=100_000) is None


@pytest.mark.parametrize(
    "expression",
    [
        "(?:a{1000}){5000}",
        "((((a?){50}){50}){50}){50}",
        "a{4000}" * 10,
        "(?:[)(]{500}[^]]{600}){100}",
        r"(?:\(a{200}){100}",
        "a" * 10_001,
        "a{99999999999999999999}",
    ],
)
def test_one_that_would_take_the_memory_of_all_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionInvalid, match="repeats too much"):
        Expression(expression)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "01234567-0123-0123-0123-0123456789ab"),
        (r"[A-Za-z0-9._-]{1,8192}", "x" * 8192),
        (r"(?:\d{1,3}\.){3}\d{1,3}", "10.0.0.1"),
        (r"a{2,}\{3}[{]9{2}", "aaa{3}{99"),
        ("a{0}b{0,99999}", "bb"),
    ],
)
def test_repetitions_of_usual_ones_are_none_too_many(expression: str, text: str) -> None:
    assert Expression(expression).matches(text)
