import pytest

from gateline.integrations.header_syntax import is_name, is_value, sent_value


@pytest.mark.parametrize("name", ["x", "X-Custom_1", "!#$%&'*+.^_`|~"])
def test_a_name_is_a_token(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\n", "ä", "a(b)"])
def test_all_else_is_no_name(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize("value", ["", "a b", "a\tb", "für", "\u20ac"])
def test_a_value_may_hold_text_and_tabs(value: str) -> None:
    assert is_value(value)


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\n", "\x00", "a\x7f", "\x1b["])
def test_a_value_may_hold_nothing_that_ends_it_or_hides_bytes(value: str) -> None:
    assert not is_value(value)


def test_a_value_is_sent_without_blanks_around_it_and_without_halves_of_characters() -> None:
    assert sent_value(" \ta b\t ") == "a b"
    assert sent_value("a\ud800b") == "a?b"
