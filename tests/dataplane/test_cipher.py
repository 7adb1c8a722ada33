"""cipher.lua against the published vectors and another implementation of the same ciphers."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from hypothesis import given
from hypothesis import strategies as st
from lupa.luajit21 import LuaRuntime

from gateline import dataplane

KEY = bytes(range(32))
NAMES = ("key_of", "subkey", "streamed", "derived", "keys_for", "sealed", "opened", "from_hex")
EXPORTS = f"\nreturn {{ {', '.join(f'{name} = {name}' for name in NAMES)} }}"


def loaded() -> Any:
    text = dataplane.stickiness_script("nowhere")
    cipher = text[: text.index("-- Netstrings")]
    return LuaRuntime(encoding="latin-1").execute(cipher + EXPORTS)


LUA = loaded()


def bytes_of(key: Any) -> bytes:
    return b"".join(struct.pack("<i", int(key[index])) for index in range(1, 9))


def test_hchacha20_gives_the_key_of_the_draft() -> None:
    nonce = struct.unpack("<4i", bytes.fromhex("000000090000004a0000000031415927"))
    found = LUA.subkey(LUA.key_of(KEY.decode("latin-1")), *nonce)
    wanted = "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    assert bytes_of(found).hex() == wanted


@pytest.mark.parametrize("length", [0, 1, 16, 63, 64, 65, 128, 200])
def test_the_key_stream_is_chacha20s(length: int) -> None:
    text = bytes((3 * each) % 256 for each in range(length))
    found = LUA.streamed(LUA.key_of(KEY.decode("latin-1")), text.decode("latin-1"))
    expected = Cipher(ChaCha20(KEY, bytes(16)), mode=None).encryptor().update(text)
    assert found.encode("latin-1") == expected


@given(st.binary(max_size=120), st.binary(max_size=40))
def test_what_was_sealed_comes_back_and_only_with_the_keys_of_its_purpose(
    text: bytes, purpose: bytes
) -> None:
    master = LUA.key_of(KEY.decode("latin-1"))
    own = LUA.keys_for(master, purpose.decode("latin-1"))
    other = LUA.keys_for(master, purpose.decode("latin-1") + "x")
    seal = LUA.sealed(own, text.decode("latin-1"))
    assert LUA.opened(own, seal) == (text.decode("latin-1") if text else None)
    assert LUA.opened(other, seal) is None


@given(st.binary(min_size=1, max_size=60), st.integers(min_value=0), st.integers(1, 255))
def test_a_changed_byte_opens_nothing(text: bytes, at: int, flipped: int) -> None:
    keys = LUA.keys_for(LUA.key_of(KEY.decode("latin-1")), "targets")
    seal = bytearray.fromhex(LUA.sealed(keys, text.decode("latin-1")))
    seal[at % len(seal)] ^= flipped
    assert LUA.opened(keys, seal.hex()) is None


@pytest.mark.parametrize("seal", ["", "0", "zz", "ab" * 16, "AB" * 40, "%61b" * 20, "ab" * 40 + "\0"])
def test_what_is_no_seal_opens_nothing(seal: str) -> None:
    keys = LUA.keys_for(LUA.key_of(KEY.decode("latin-1")), "targets")
    assert LUA.opened(keys, seal) is None


def test_no_text_begins_another_ones_key() -> None:
    master = LUA.key_of(KEY.decode("latin-1"))
    found = {bytes_of(LUA.derived(master, "a" + "\0" * count)) for count in range(40)}
    assert len(found) == 40
