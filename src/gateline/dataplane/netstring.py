"""Netstring lists: the form in which `gateway.lua` and the host tell each other things.

A netstring is `length:bytes`: the length in bytes, decimal, without leading zeros; no comma behind it. A list
is netstrings one after another; inside it, a list of unknown length is preceded by its count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_MAX_DIGITS: Final = 10  # no list comes near 10 GB
_ZERO: Final = 48


class NetstringInvalid(ValueError):
    """Bytes that are not the list that was expected. The message names a position, never a value."""


class NetstringWriter:
    """A list being written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def put(self, *values: bytes | str | int) -> None:
        """Append values: text as UTF-8, numbers as decimal text."""
        for value in values:
            data = value if type(value) is bytes else str(value).encode()
            self._parts.append(b"%d:%b" % (len(data), data))

    def put_all(self, values: Iterable[bytes | str | int]) -> None:
        """Append a count and then the values."""
        listed = list(values)
        self.put(len(listed), *listed)

    def put_pairs(self, pairs: Iterable[tuple[bytes | str, bytes | str]]) -> None:
        """Append a count of pairs and then both sides of each."""
        listed = list(pairs)
        self.put(len(listed))
        for name, value in listed:
            self.put(name, value)

    @property
    def data(self) -> bytes:
        """The list as it is handed over."""
        return b"".join(self._parts)


def split(data: bytes) -> list[bytes]:
    """All values of a list, at a third of what a reader costs.

    Raises:
        NetstringInvalid: the bytes are no list.

    """
    values: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        start = data.find(b":", at, at + _MAX_DIGITS + 1) + 1
        digits = data[at : start - 1] if start else b""
        if not digits.isdigit() or (digits[0] == _ZERO and digits != b"0"):
            raise NetstringInvalid(f"no length at byte {at}")
        at = start + int(digits)
        values.append(data[start:at])
    if at > end:
        raise NetstringInvalid("the last value is longer than the list")
    return values


class NetstringReader:
    """A list being read; every method raises NetstringInvalid when the bytes do not hold what is asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self) -> bytes:
        """The next value."""
        colon = self._data.find(b":", self._at, self._at + _MAX_DIGITS + 1)
        digits = self._data[self._at : colon] if colon > 0 else b""
        if not digits.isdigit() or (len(digits) > 1 and digits.startswith(b"0")):
            raise NetstringInvalid(f"no length at byte {self._at}")
        start, end = colon + 1, colon + 1 + int(digits)
        if end > len(self._data):
            raise NetstringInvalid(f"the value at byte {start} is longer than the list")
        self._at = end
        return self._data[start:end]

    def take_text(self) -> str:
        """The next value, which Gateline itself wrote as UTF-8."""
        value = self.take()
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise NetstringInvalid(f"the value before byte {self._at} is not UTF-8") from error

    def take_number(self) -> int:
        """The next value, a number of at least 0."""
        digits = self.take()
        if not digits.isdigit() or len(digits) > _MAX_DIGITS + 6:  # epoch milliseconds have 13
            raise NetstringInvalid(f"the value before byte {self._at} is no number")
        return int(digits)

    def take_flag(self) -> bool:
        """The next value: "1" is true, "0" and nothing are false."""
        value = self.take()
        if value not in {b"1", b"0", b""}:
            raise NetstringInvalid(f"the value before byte {self._at} is neither 1 nor 0")
        return value == b"1"

    def take_all(self) -> tuple[bytes, ...]:
        """A count and its values."""
        return tuple(self.take() for _ in range(self._count(bytes_each=2)))

    def take_pairs(self) -> tuple[tuple[bytes, bytes], ...]:
        """A count of pairs and both sides of each."""
        return tuple((self.take(), self.take()) for _ in range(self._count(bytes_each=4)))

    def end(self) -> None:
        """Nothing may be left."""
        if self._at != len(self._data):
            raise NetstringInvalid(f"more after byte {self._at} than a list of this kind holds")

    def _count(self, *, bytes_each: int) -> int:
        """A count that the rest can hold: a value takes two bytes at least."""
        count = self.take_number()
        if count * bytes_each > len(self._data) - self._at:
            raise NetstringInvalid(f"a count before byte {self._at} that the rest cannot hold")
        return count
