"""Usage plans: what is kept of a key."""

from __future__ import annotations

from gateline.model.usage_plan import key_digest


def test_a_digest_depends_on_the_key_and_on_the_pepper_and_shows_neither() -> None:
    digest = key_digest("pepper", b"a-key-of-twenty-and-more")
    assert digest == key_digest("pepper", b"a-key-of-twenty-and-more")
    assert digest != key_digest("another", b"a-key-of-twenty-and-more")
    assert digest != key_digest("pepper", b"a-key-of-twenty-and-mere")
    assert len(digest) == 64
    assert "key" not in digest
