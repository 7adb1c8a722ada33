"""Values of conditions are brought to the form that the script compares."""

from __future__ import annotations

import pytest

from gateline.authorizers.element import AnswerInvalid
from gateline.authorizers.values import (
    address,
    boolean,
    bounded,
    date,
    ip_hex,
    literal,
    network,
    number,
    pattern,
    text,
)

V4 = "0" * 20 + "ffff"


@pytest.mark.parametrize(("value", "written"), [("a", "a"), (True, "true"), (1, "1"), (1.5, "1.5")])
def test_texts_numbers_and_booleans_are_text(value: object, written: str) -> None:
    assert text(value, "here") == written


@pytest.mark.parametrize("value", [None, {}, [], ["a"]])
def test_nothing_else_is_a_value(value: object) -> None:
    with pytest.raises(AnswerInvalid, match="expected text, a number or a boolean"):
        text(value, "here")


def test_values_have_a_bound_in_bytes() -> None:
    assert bounded("a" * 512, "here")
    with pytest.raises(AnswerInvalid, match="longer than 512 bytes"):
        bounded("é" * 257, "here")


def test_runs_of_stars_are_one() -> None:
    assert pattern("a***b**", "here", has_variables=True) == "a*b*"


def test_the_variables_of_single_characters_are_these_characters() -> None:
    assert literal("${$}{x} ${*}${?}", "here", has_variables=True) == "${x} *?"
    assert pattern("${$}x*", "here", has_variables=True) == "$x*"


def test_without_variables_a_dollar_is_a_dollar() -> None:
    assert literal("${aws:username}", "here", has_variables=False) == "${aws:username}"
    assert pattern("${aws:username}", "here", has_variables=False) == "${aws:username}"


@pytest.mark.parametrize("written", ["${aws:username}", "${", "${*", "${}", "${*?}", "${aws:x,'y'}"])
def test_other_variables_are_refused(written: str) -> None:
    for read in (literal, pattern):
        with pytest.raises(AnswerInvalid, match="policy variables are not supported"):
            read(written, "here", has_variables=True)


@pytest.mark.parametrize("written", ["${*}", "a${?}b"])
def test_a_literal_wildcard_has_no_place_in_a_glob(written: str) -> None:
    with pytest.raises(AnswerInvalid, match="policy variables are not supported"):
        pattern(written, "here", has_variables=True)


def test_booleans_are_read_in_any_case() -> None:
    assert [boolean(each, "here") for each in ("true", "True", "FALSE")] == ["true", "true", "false"]
    with pytest.raises(AnswerInvalid, match="expected true or false"):
        boolean("1", "here")


def test_numbers_are_decimal() -> None:
    assert [number(each, "here") for each in ("1", "-1.5", "+2", "007")] == ["1", "-1.5", "2", "007"]
    for written in ("", "1e3", "0x10", "1.", ".5", "nan", "inf", "1" * 16, " 1", "\u0661"):
        with pytest.raises(AnswerInvalid, match="expected a decimal number"):
            number(written, "here")


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        ("2025", 1_735_689_600_000),
        ("2025-06", 1_748_736_000_000),
        ("2025-06-15", 1_749_945_600_000),
        ("2025-06-15T15:06Z", 1_749_999_960_000),
        ("2025-06-15T15:06:40Z", 1_750_000_000_000),
        ("2025-06-15T15:06:40.5Z", 1_750_000_000_500),
        ("2025-06-15T17:06:40.125+02:00", 1_750_000_000_125),
        ("1750000000", 1_750_000_000_000),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_dates_are_milliseconds(written: str, milliseconds: int) -> None:
    assert date(written, "here") == str(milliseconds)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "tomorrow",
        "2025-13-01",
        "2025-02-30",
        "0000",
        "2025-06-15T15:06:40",
        "2025-06-15 15:06:40Z",
        "2025-06-15T25:00Z",
        "2025-06-15T15:06:40+99:00",
        "2025-W01",
        "-1",
        "1.5",
        "1" * 13,
    ],
)
def test_what_is_no_date_is_refused(written: str) -> None:
    with pytest.raises(AnswerInvalid):
        date(written, "here")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10.1.2.3", f"{V4}0a010203/128"),
        ("10.0.0.0/8", f"{V4}0a000000/104"),
        ("10.1.2.3/8", f"{V4}0a010203/104"),
        ("0.0.0.0/0", f"{V4}00000000/96"),
        ("::1", "0" * 31 + "1/128"),
        ("2001:db8::/33", "20010db8" + "0" * 24 + "/33"),
        ("::/0", "0" * 32 + "/0"),
        ("::ffff:10.1.2.3", f"{V4}0a010203/128"),
    ],
)
def test_addresses_and_networks_are_hex_digits(written: str, read: str) -> None:
    assert network(written, "here") == read


@pytest.mark.parametrize(
    "written",
    ["", "10.1", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/255.0.0.0", "10.0.0.0/08", "fe80::1%eth0", "::/129"],
)
def test_what_is_no_network_is_refused(written: str) -> None:
    with pytest.raises(AnswerInvalid):
        network(written, "here")


def test_an_address_alone_is_no_network() -> None:
    assert address("10.1.2.3", "here") == network("10.1.2.3", "here")
    with pytest.raises(AnswerInvalid, match="networks are for IpAddress"):
        address("10.0.0.0/8", "here")


def test_what_is_no_address_has_no_digits() -> None:
    assert ip_hex("fe80::1%eth0") == ip_hex("fe80::1")
    assert [ip_hex(each) for each in ("", "somewhere", "10.1.2.3:80", "[::1]")] == [None] * 4
