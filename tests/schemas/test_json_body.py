from decimal import Decimal

import pytest

from gateline.schemas.json_body import LONGEST_NUMBER, JsonInvalid, Kind, identity, kind_of, read, written


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"{",
        b"{} {}",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b"NaN",
        b"[-Infinity]",
        b"'a'",
        b"{a:1}",
        b"[1,]",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'"\n"',
        b"01",
        b"1" * (LONGEST_NUMBER + 1),
        b"1e999999999999999999999",
        b"1e1000000",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_json_is_told_and_never_crashes(text: bytes) -> None:
    with pytest.raises(JsonInvalid):
        read(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[]", Kind.ARRAY),
        ("true", Kind.BOOLEAN),
        ("1", Kind.INTEGER),
        ("-12345678901234567890", Kind.INTEGER),
        ("null", Kind.NULL),
        ("1.0", Kind.NUMBER),
        ("1e2", Kind.NUMBER),
        ("{}", Kind.OBJECT),
        ('""', Kind.STRING),
    ],
)
def test_a_value_has_a_kind_as_its_text_says(text: str, kind: Kind) -> None:
    assert kind_of(read(text)) is kind


def test_numbers_are_exact() -> None:
    assert read("[0.1, 12345678901234567890123, 1e2]") == [
        Decimal("0.1"),
        12345678901234567890123,
        Decimal("1e2"),
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{ "b" : [1, 2.50, true, null], "a": "é\\"" }', '{"b":[1,2.50,true,null],"a":"é\\""}'),
        ("1.0", "1.0"),
        ("1e2", "1E+2"),
    ],
)
def test_a_value_is_shown_as_jackson_shows_it(text: str, shown: str) -> None:
    assert written(read(text)) == shown


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1", "1.0", True),
        ("1", "true", False),
        ("0", "false", False),
        ('{"a":1,"b":[2]}', '{"b":[2.0],"a":1}', True),
        ("[]", "{}", False),
        ("[1,2]", "[2,1]", False),
        ('"1"', "1", False),
        ("null", "false", False),
        ("100", "1e2", True),
        ("0", "-0.0", True),
        ("0.10", "0.1", True),
        ("12345678901234567890", "12345678901234567891", False),
    ],
)
def test_equal_values_are_the_same(one: str, other: str, same: bool) -> None:
    assert (identity(read(one)) == identity(read(other))) is same


def test_no_client_chooses_the_hashes_of_its_numbers() -> None:
    numbers = [identity(read(str(n * (2**61 - 1)))) for n in range(100)]
    assert len({hash(number) for number in numbers}) > 1
