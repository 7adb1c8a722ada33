import pytest

from gateline.model.origin import Position
from gateline.sources import yaml_text
from gateline.sources.json_value import JsonValue


def value(text: str) -> JsonValue:
    parsed = yaml_text.parse(text)
    assert parsed.faults == ()
    return parsed.value


def only_fault(text: str) -> tuple[str, Position, str]:
    (fault,) = yaml_text.parse(text).faults
    return fault.code.name, fault.position, fault.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2012-10-17", "2012-10-17"),
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("'true'", "true"),
        ("2.0", 2.0),
        ("3.0.1", "3.0.1"),
        ("200", 200),
        ("-7", -7),
        ("012345678901", "012345678901"),
        ("0x1f", 31),
        ("1e3", 1000.0),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("99999999999999999999999999", "99999999999999999999999999"),
        ("1e999", "1e999"),
        (".", "."),
        ("+", "+"),
        ("!!str 12", "12"),
    ],
)
def test_plain_scalars_follow_yaml_1_2_and_dates_stay_text(text: str, expected: JsonValue) -> None:
    assert value(f"a: {text}") == {"a": expected}


def test_keys_are_text_as_they_are_written() -> None:
    assert value("200: a\non: b\n2012-10-17: c\nnull: d\n1.10: e") == {
        "200": "a",
        "on": "b",
        "2012-10-17": "c",
        "null": "d",
        "1.10": "e",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!Ref Link", {"Ref": "Link"}),
        ("!Sub 'http://${A}/'", {"Fn::Sub": "http://${A}/"}),
        ("!GetAtt Balancer.DNSName", {"Fn::GetAtt": "Balancer.DNSName"}),
        ("!GetAtt [Balancer, DNSName]", {"Fn::GetAtt": ["Balancer", "DNSName"]}),
        ("!Join ['', [a, !Ref B]]", {"Fn::Join": ["", ["a", {"Ref": "B"}]]}),
        ("!If [C, 1, !Ref 'AWS::NoValue']", {"Fn::If": ["C", 1, {"Ref": "AWS::NoValue"}]}),
        ("!Transform {Name: 'AWS::Include'}", {"Fn::Transform": {"Name": "AWS::Include"}}),
        ("!Condition IsProd", {"Condition": "IsProd"}),
        ("!Sub 12", {"Fn::Sub": "12"}),
    ],
)
def test_short_tags_of_cloudformation_become_their_long_forms(text: str, expected: JsonValue) -> None:
    assert value(f"a: {text}") == {"a": expected}


def test_an_unknown_tag_is_refused_and_reading_goes_on() -> None:
    parsed = yaml_text.parse("a: !secret x\nb: !!python/object:os.system y\n")
    assert [(f.code.name, f.position.line) for f in parsed.faults] == [("GL106", 1), ("GL106", 2)]
    assert "'!!python/object:os.system'" in parsed.faults[1].message


def test_anchors_aliases_and_merge_keys_are_expanded() -> None:
    text = (
        "base: &b {a: 1, c: [1]}\nuse: *b\nmore: {<<: *b, a: 2}\nlist: {<<: [{x: 1, y: 1}, {x: 2}], y: 3}\n"
    )
    assert value(text) == {
        "base": {"a": 1, "c": [1]},
        "use": {"a": 1, "c": [1]},
        "more": {"a": 2, "c": [1]},
        "list": {"x": 1, "y": 3},
    }


def test_an_alias_bomb_is_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
    )
    code, position, message = only_fault(bomb)
    assert (code, message) == ("GL105", "aliases repeat too many values")
    assert position.line == 5


def test_an_alias_of_itself_is_refused() -> None:
    assert only_fault("a: &x [*x]")[0] == "GL105"


def test_an_alias_without_anchor_is_refused() -> None:
    assert only_fault("a: *x") == ("GL101", Position(1, 4), "expected the anchor '&x' before its alias")


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 50_000 + "a", "a: " + "{a: " * 300])
def test_deep_nesting_is_refused_before_it_can_hurt(text: str) -> None:
    assert only_fault(text)[0] == "GL105"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: b\n c: d: e\n", 2, 3),
        ("{a: 1", 2, 1),
        ("- a\nb: c", 2, 1),
        ("a: [1, 2\nb: 3\n", 2, 2),
        ("a: x\n---\nb: y\n", 2, 1),
        ("? [a]\n: b\n", 1, 3),
        ("a: {<<: 5}", 1, 9),
    ],
)
def test_a_syntax_error_says_where_it_is(text: str, line: int, column: int) -> None:
    code, position, message = only_fault(text)
    assert (code, position) == ("GL101", Position(line, column))
    assert message


def test_a_control_character_is_refused_at_its_place() -> None:
    code, position, message = only_fault("a: 1\nb: x\x01y\n")
    assert (code, position) == ("GL101", Position(2, 5))
    assert "U+0001" in message


def test_an_unrendered_template_is_recognised() -> None:
    (fault,) = yaml_text.parse("a: {{ name }}\n").faults
    assert "render it first" in fault.help


def test_a_key_written_twice_is_told_with_both_places_and_the_last_wins() -> None:
    parsed = yaml_text.parse("a: 1\nb: 2\na: 3\n")
    assert parsed.value == {"a": 3, "b": 2}
    (fault,) = parsed.faults
    assert (fault.code.name, fault.position) == ("GL102", Position(3, 1))
    assert "line 1, column 1" in fault.message


def test_an_empty_text_has_no_value() -> None:
    assert value("# nothing\n") is None


DOCUMENT = """\
paths:
  /a:
    get:
      uri: !Sub 'http://${A}'
      list:
        - x
        - {k: v}
  /b: &b {c: 1}
  /d: *b
"""


@pytest.mark.parametrize(
    ("pointer", "line", "column"),
    [
        ((), 1, 1),
        (("paths",), 1, 1),
        (("paths", "/a", "get"), 3, 5),
        (("paths", "/a", "get", "uri"), 4, 12),
        (("paths", "/a", "get", "uri", "Fn::Sub"), 4, 12),
        (("paths", "/a", "get", "list", 0), 6, 11),
        (("paths", "/a", "get", "list", 1, "k"), 7, 15),
        (("paths", "/d", "c"), 9, 7),
        (("paths", "/a", "put", "x"), 2, 3),
    ],
)
def test_a_pointer_leads_to_its_value_or_the_nearest_parent(
    pointer: tuple[str | int, ...], line: int, column: int
) -> None:
    assert yaml_text.locate(DOCUMENT, pointer) == Position(line, column)


def test_text_that_cannot_be_read_is_located_at_its_top() -> None:
    assert yaml_text.locate("a: [", ("a", "b")).line == 1
