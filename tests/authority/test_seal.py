from __future__ import annotations

import pytest

from gateline.authority.seal import KEY_BYTES, seal, unseal
from gateline.errors import Unsealable

KEY = bytes(range(KEY_BYTES))


@pytest.mark.parametrize("plain", [b"", b"hunter2", b"\0" * 100_000])
def test_what_was_sealed_opens_again(plain: bytes) -> None:
    assert unseal(KEY, seal(KEY, plain, purpose="p"), purpose="p") == plain


def test_the_seal_shows_nothing_of_what_is_in_it_and_is_another_one_each_time() -> None:
    first, second = (seal(KEY, b"hunter2", purpose="p") for _ in range(2))
    assert b"hunter2" not in first
    assert first != second


def test_another_key_or_purpose_does_not_open_it() -> None:
    sealed = seal(KEY, b"hunter2", purpose="p")
    with pytest.raises(Unsealable):
        unseal(KEY[::-1], sealed, purpose="p")
    with pytest.raises(Unsealable):
        unseal(KEY, sealed, purpose="q")


def test_every_changed_or_missing_byte_is_noticed() -> None:
    sealed = seal(KEY, b"hunter2", purpose="p")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(Unsealable):
            unseal(KEY, bytes(changed), purpose="p")
        with pytest.raises(Unsealable):
            unseal(KEY, sealed[:position], purpose="p")
