"""What browsers keep for us."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateline.identity.seals import Seals
from identity.logins import KEY, seals

OTHER = bytes(32)
ALPHABET = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(plain=st.binary(max_size=12_000), purpose=st.text(max_size=200))
def test_what_was_sealed_opens_for_its_purpose_alone(plain: bytes, purpose: str) -> None:
    text = seals().seal(plain, purpose=purpose)
    assert set(text) <= ALPHABET
    assert seals().open(text, purpose=purpose) == plain
    assert seals().open(text, purpose=purpose + "x") is None


@given(data=st.data(), plain=st.binary(max_size=200))
def test_nothing_that_was_changed_opens(data: st.DataObject, plain: bytes) -> None:
    text = seals().seal(plain, purpose="p")
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from(sorted(ALPHABET - {text[at]})))
    assert seals().open(text[:at] + put + text[at + 1 :], purpose="p") is None
    assert seals().open(text[:at], purpose="p") is None


@given(text=st.text(max_size=400))
def test_made_up_texts_do_not_open(text: str) -> None:
    assert seals().open(text, purpose="p") is None


def test_a_key_that_was_replaced_still_opens() -> None:
    text = seals(OTHER).seal(b"kept", purpose="p")
    assert Seals([KEY, OTHER]).open(text, purpose="p") == b"kept"
    assert Seals([KEY]).open(text, purpose="p") is None


def test_the_newest_key_seals() -> None:
    text = Seals([KEY, OTHER]).seal(b"new", purpose="p")
    assert Seals([KEY]).open(text, purpose="p") == b"new"


def test_the_same_is_never_sealed_alike() -> None:
    assert len({seals().seal(b"same", purpose="p") for _ in range(50)}) == 50
