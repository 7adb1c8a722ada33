import pytest

from gateline.model.origin import Position
from gateline.sources import json_text
from gateline.sources.json_value import Parsed


def only_fault(text: str) -> tuple[str, Position, str]:
    (fault,) = json_text.parse(text).faults
    return fault.code.name, fault.position, fault.message


def test_a_json_text_is_read() -> None:
    assert json_text.parse('{"a": [1, 2.5, true, null, "x"]}') == Parsed({"a": [1, 2.5, True, None, "x"]})


def test_a_bracket_closed_too_early_is_told_where_the_text_goes_on() -> None:
    text = '{"paths": {\n "/a": {"timeoutInMillis": 15000},\n "httpMethod": "GET"}}}\n'
    (fault,) = json_text.parse(text).faults
    assert fault.position == Position(3, 23)
    assert fault.message == "expected the end of the file, found '}'"
    assert "closed too early" in fault.help


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ('{"a": 1,}', 1, 9, "expected a key in double quotes"),
        ('{"a" 1}', 1, 6, "expected ':' after the key, found '1'"),
        ('{"a": }', 1, 7, "expected a value, found '}'"),
        ('{"a": 1\n "b": 2}', 2, 2, "expected ',' or a closing bracket"),
        ('{"a": 1', 1, 8, "found the end of the file"),
        ('{"a": "x\n"}', 1, 9, "no line break"),
        ('{"a": "\\x"}', 1, 8, "after '\\'"),
        ("", 1, 1, "expected a value, found the end of the file"),
    ],
)
def test_a_syntax_error_says_where_it_is_and_what_was_expected(
    text: str, line: int, column: int, expected: str
) -> None:
    code, position, message = only_fault(text)
    assert (code, position) == ("GL101", Position(line, column))
    assert expected in message


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": -Infinity}', '{"a": 1e999}'])
def test_numbers_that_are_none_are_refused_at_their_place(text: str) -> None:
    code, position, _ = only_fault(text)
    assert (code, position) == ("GL101", Position(1, 7))


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    assert only_fault('{"a": ' + "9" * 5000 + "}")[0] == "GL101"


def test_a_key_written_twice_is_told_with_both_places_and_the_last_wins() -> None:
    parsed = json_text.parse('{"a": 1,\n "b": {"c": 1, "c": 2},\n "a": 3}')
    assert parsed.value == {"a": 3, "b": {"c": 2}}
    assert [(f.code.name, f.position) for f in parsed.faults] == [
        ("GL102", Position(3, 2)),
        ("GL102", Position(2, 16)),
    ]
    assert "line 1, column 2" in parsed.faults[0].message


def test_nesting_is_bounded() -> None:
    assert only_fault('{"a":' * 5000 + "1" + "}" * 5000)[0] == "GL105"
    assert only_fault("[" * 100_000)[0] == "GL105"
    assert only_fault('{"a":' * 150 + "1" + "}" * 150)[0] == "GL105"


def test_a_lone_surrogate_is_refused_and_a_pair_is_a_character() -> None:
    assert only_fault('{\n"a": "\\ud800"}')[:2] == ("GL107", Position(2, 7))
    assert json_text.parse('{"a": "\\ud83d\\ude00"}').value == {"a": "\U0001f600"}


DOCUMENT = '{\n "paths": {\n  "/a": {"get": {"x": 1}},\n  "/b": [10, {"k": "v"}]\n }\n}\n'


@pytest.mark.parametrize(
    ("pointer", "line", "column"),
    [
        ((), 1, 1),
        (("paths",), 2, 2),
        (("paths", "/a"), 3, 3),
        (("paths", "/a", "get", "x"), 3, 23),
        (("paths", "/b", 0), 4, 10),
        (("paths", "/b", 1, "k"), 4, 20),
    ],
)
def test_a_pointer_leads_to_a_scalar_or_to_the_key_of_a_container(
    pointer: tuple[str | int, ...], line: int, column: int
) -> None:
    assert json_text.locate(DOCUMENT, pointer) == Position(line, column)


def test_a_pointer_that_leads_nowhere_falls_back_to_the_nearest_parent() -> None:
    assert json_text.locate(DOCUMENT, ("paths", "/a", "put", "uri")) == Position(3, 3)
    assert json_text.locate(DOCUMENT, ("paths", "/b", 7)) == Position(4, 3)
    assert json_text.locate(DOCUMENT, ("nothing",)) == Position(1, 1)


def test_of_a_key_written_twice_the_last_one_is_located() -> None:
    assert json_text.locate('{"a": 1,\n"a": 2}', ("a",)) == Position(2, 6)


def test_what_is_not_json_is_not_located() -> None:
    assert json_text.locate("{a: 1}", ("a",)) is None
