from __future__ import annotations

import pytest

from gateline.host.validation import LONGEST_TOKEN, ExpressionInvalid, Validation


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
        (".*", "x" * (LONGEST_TOKEN + 1), False),
    ],
)
def test_the_whole_token_must_match_as_in_java(expression: str, token: str, fits: bool) -> None:
    assert Validation(expression).judge(token) is fits


@pytest.mark.parametrize("expression", ["(a|aa)+$", r"(\w+\s?)*\1$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_an_expression_that_would_not_end_is_broken_off(expression: str) -> None:
    assert Validation(expression).judge("a" * 5000 + "!") is None


def test_an_expression_that_cannot_be_read_is_told() -> None:
    with pytest.raises(ExpressionInvalid, match="missing"):
        Validation("(abc")
