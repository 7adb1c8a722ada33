import pytest

from gateline.schemas.pattern import LONGEST_PATTERN, Pattern, PatternInvalid, TooLong

SECONDS = 5.0


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("^[a-z]+$", "abc", True),
        ("b", "abc", True),
        ("^abc$", "abc\n", False),
        ("^.$", "\r", False),
        ("^.$", "\u2028", False),
        ("^.$", "é", True),
        (r"^\d$", "٣", False),
        (r"^\w$", "é", False),
        (r"^\s$", "\u00a0", True),
        (r"^[\s]$", "\ufeff", True),
        (r"^\S$", "\u00a0", False),
        (r"^\Z$", "Z", True),
        (r"^\p{L}$", "é", False),
        (r"^\/\-$", "/-", True),
        (r"^a{e}$", "a{e}", True),
        (r"^a{e}$", "a", False),
        (r"^a{,2}$", "a{,2}", True),
        (r"^a{2}$", "aa", True),
        (r"^a{1,}$", "aaa", True),
        (r"^[[:alpha:]]$", "a]", True),
        (r"^[[:alpha:]]$", "b", False),
        (r"^[a&&b]$", "&", True),
        ("[]", "a", False),
        ("^[^]$", "\n", True),
        (r"^[\b]$", "\b", True),
        (r"^\u0041\x42\cJ$", "AB\n", True),
        (r"^(?<q>['\"])x\k<q>$", "'x'", True),
        (r"^(a)\1$", "aa", True),
        (r"^(?=a)(?!b)a(?<=a)$", "a", True),
        ("^[^@]+@[^@]+$", "a@b", True),
        ("^a+?b*?$", "aab", True),
        ("x]}", "x]}", True),
    ],
)
def test_an_expression_matches_as_ecma_does(source: str, text: str, found: bool) -> None:
    assert Pattern(source).found(text, SECONDS) is found


@pytest.mark.parametrize(
    "source", ["(", "[a", "a**", "a++", "a?+", "(?i)a", "(?>a)", "(?P<n>a)", "a\\", "[z-a]", r"(a)\2", "*"]
)
def test_what_ecma_does_not_know_is_invalid(source: str) -> None:
    with pytest.raises(PatternInvalid):
        Pattern(source)


def test_an_expression_has_a_length_that_it_may_not_exceed() -> None:
    with pytest.raises(PatternInvalid, match=str(LONGEST_PATTERN)):
        Pattern("a" * (LONGEST_PATTERN + 1))


def test_an_expression_that_backtracks_without_end_is_broken_off() -> None:
    with pytest.raises(TooLong):
        Pattern("^(a|aa)+$").found("a" * 60 + "!", 0.01)
