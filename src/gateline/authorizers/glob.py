"""Globs: `*` is any run of bytes, `?` one byte; the rest is literal and its case matters.

The way is that of `dataplane/lua/policy.lua`, step for step, so that both run out of steps at the same glob:
`*` separates pieces, `?` separates the chunks of a piece, and chunks are looked for as plain text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

STEPS: Final = 500
"""Chunks that may be compared while one request is judged, as in `policy.lua`."""

_CHUNK: Final = re.compile(rb"[^?]+")


class Steps:
    """How many comparisons are left to one judgement."""

    __slots__ = ("left",)

    def __init__(self, left: int = STEPS) -> None:
        self.left = left


@dataclass(frozen=True, slots=True)
class _Piece:
    text: bytes
    size: int
    is_plain: bool  # without `?`
    chunks: tuple[tuple[bytes, int], ...]  # each with its offset in the piece


def weight(glob: str) -> int:
    """What comparing a glob takes: 1, and 1 more for each four `*`."""
    return 1 + glob.count("*") // 4


def matches(glob: bytes, text: bytes, steps: Steps) -> bool:
    """Whether a glob matches a whole text. When no steps are left the answer means nothing."""
    if b"*" not in glob and b"?" not in glob:
        return text == glob
    head, *pieces = _cut(glob)
    if not _stands(head, text, 0, steps):
        return False
    if not pieces:
        return len(text) == head.size
    tail = pieces.pop()
    at, limit = head.size, len(text) - tail.size
    if at > limit or not _stands(tail, text, limit, steps):
        return False
    for piece in pieces:
        start = _place(piece, text, at, limit, steps)
        if start is None:
            return False
        at = start + piece.size
    return at <= limit


@lru_cache(maxsize=1024)
def _cut(glob: bytes) -> tuple[_Piece, ...]:
    return tuple(
        _Piece(
            text=text,
            size=len(text),
            is_plain=b"?" not in text,
            chunks=tuple((found[0], found.start()) for found in _CHUNK.finditer(text)),
        )
        for text in glob.split(b"*")
    )


def _stands(piece: _Piece, text: bytes, start: int, steps: Steps) -> bool:
    if piece.is_plain:
        return text.startswith(piece.text, start)
    for chunk, offset in piece.chunks:
        steps.left -= 1
        if not text.startswith(chunk, start + offset):
            return False
    return True


def _place(piece: _Piece, text: bytes, first: int, limit: int, steps: Steps) -> int | None:
    """The first place where a piece stands, between `first` and `limit`."""
    if piece.is_plain:
        found = text.find(piece.text, first)
        return found if found >= 0 else None
    last = limit - piece.size
    if not piece.chunks:
        return first if first <= last else None
    chunk, offset = piece.chunks[0]
    while first <= last and steps.left > 0:
        found = text.find(chunk, first + offset)
        first = found - offset if found >= 0 else last + 1
        if first <= last:
            if _stands(piece, text, first, steps):
                return first
            first += 1
    return None
