"""Questions and replies of `/login` on the wire."""

from __future__ import annotations

import pytest

from gateline.dataplane.netstring import NetstringInvalid, NetstringWriter, split
from gateline.host.login_question import (
    ANONYMOUS,
    answers,
    answers_page,
    passes,
    read_question,
    redirects,
)
from gateline.identity.failure import page

VALUES = ("a:1/2", "session", "GET", "https", "h", "/\xff", "c=d", "Bearer x", "o", "cors", "::1")


def written(*values: str) -> bytes:
    writer = NetstringWriter()
    writer.put(*(value.encode("latin-1") for value in values))
    return writer.data


def test_a_question_is_read_byte_for_byte() -> None:
    question = read_question(written(*VALUES))
    assert (question.login, question.path, question.peer) == ("a:1/2", "/\xff", "::1")
    assert "c=d" not in repr(question)
    assert "Bearer" not in repr(question)


@pytest.mark.parametrize("count", [10, 12])
def test_a_question_of_another_length_is_none(count: int) -> None:
    with pytest.raises(NetstringInvalid):
        read_question(written(*(VALUES + VALUES)[:count]))


def test_replies() -> None:
    assert split(passes(7, data="d", subject="s", access_token="t", cookies=("a", "b"))) == [
        b"1", b"7", b"d", b"s", b"t", b"2", b"a", b"b",
    ]  # fmt: skip
    assert split(answers_page(401, ("c",), reason="Auth")) == [
        b"2", b"401", b"Auth", b"2", b"content-type", b"text/html", b"set-cookie", b"c", page(401),
    ]  # fmt: skip
    assert split(redirects("https://h/", ())) == [
        b"2", b"302", b"", b"2", b"location", b"https://h/", b"cache-control", b"no-store", b"",
    ]  # fmt: skip
    assert split(ANONYMOUS) == [b"3"]


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "\x00", "\x7f", "\xe9"])
def test_no_header_can_hold_another_line(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        answers(200, [("x", value)])


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("192.0.2.1:4711", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("", ""),
    ],
)
def test_a_peer_counts_by_its_address(peer: str, address: str) -> None:
    assert read_question(written(*VALUES[:-1], peer)).peer == address
