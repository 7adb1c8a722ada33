from __future__ import annotations

from gateline.compile.resources import SECRET
from gateline.control.exchange import Respond

from .conftest import Pieces


def test_a_response_that_is_printed_shows_no_secret(pieces: Pieces) -> None:
    held = pieces.snapshot(pieces.secret("s", "hunter2")).by_type[SECRET]["s"]
    printed = repr(Respond(type_url=SECRET, nonce="1", resources=(held,)))
    assert "'s'" in printed
    assert "hunter2" not in printed
