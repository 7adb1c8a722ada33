"""Bodies in the host's memory: bounded for all of them together, and for each source.

A client may begin to send 6 MB on every connection that it opens, and never end; or ask for as much and never
read it. So bodies take places by their size, as callers take places by their number (functions/places.py).
"""

from __future__ import annotations

from typing import Final, Self

from gateline.functions.places import Places

PIECE: Final = 64 * 1024
"""Bytes of a place. The first piece of a body takes none: so much each connection may have anyway."""

MOST_PIECES: Final = 8192


class NoRoom(Exception):
    """There is no room for more of this body."""


class Bodies:
    """The room that all bodies have together. Those that are not all there may have half of it."""

    def __init__(self, most_pieces: int = MOST_PIECES) -> None:
        self._places = Places(most_pieces)
        self._arriving = Places(most_pieces // 2)

    def body(self, source: str) -> Body:
        """A request that begins; `source` is whom it counts for."""
        return Body(_Pieces(self._places, source), _Pieces(self._arriving, source))


class Body:
    """What one request takes for its bodies, until it is left."""

    def __init__(self, held: _Pieces, arriving: _Pieces) -> None:
        self._held = held
        self._arriving = arriving

    def __enter__(self) -> Self:
        return self

    def arrive(self, size: int) -> None:
        """So many bytes of the client's body are there, and more may come: slow ones cost a client nothing.

        Raises:
            NoRoom: it may not have them.

        """
        self._arriving.grow(size)
        self._held.grow(size)

    def arrived(self) -> None:
        """The client's body is there."""
        self._arriving.shrink(0)

    def grow(self, size: int) -> None:
        """They have so many bytes by now.

        Raises:
            NoRoom: they may not have them.

        """
        self._held.grow(size)

    def shrink(self, size: int) -> None:
        """They have no more than so many bytes now."""
        self._held.shrink(size)

    def __exit__(self, *_: object) -> None:
        self._arriving.shrink(0)
        self._held.shrink(0)


class _Pieces:
    """The pieces of one request in one room."""

    def __init__(self, places: Places, source: str) -> None:
        self._places = places
        self._source = source
        self._held = 0

    def grow(self, size: int) -> None:
        while self._held < (size - 1) // PIECE:
            if not self._places.take(self._source):
                raise NoRoom
            self._held += 1

    def shrink(self, size: int) -> None:
        kept = max((size - 1) // PIECE, 0)
        if kept < self._held:
            self._places.leave(self._source, self._held - kept)
            self._held = kept
