from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateline.errors import FileUnreadable, GatelineError
from gateline.prove.signature import public_pem, read_public, signed, signing_key, verified
from gateline.runtime.state_dir import hold_state_dir
from gateline.runtime.vault import Vault

REPORT: dict[str, Any] = {"project": "shöp", "holds": False, "findings": [{"verdict": "open"}]}


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def test_a_signed_report_reads_back_with_its_key(key: Ed25519PrivateKey) -> None:
    content = signed(REPORT, key)
    public = read_public(public_pem(key.public_key()))
    assert verified(content, public) == REPORT
    loose = json.dumps(json.loads(content), ensure_ascii=False, separators=(" , ", " : ")).encode()
    assert verified(loose, public) == REPORT  # other blanks say the same


def test_an_altered_report_is_refused(key: Ed25519PrivateKey) -> None:
    told = json.loads(signed(REPORT, key))
    told["report"]["holds"] = True
    with pytest.raises(GatelineError, match="altered"):
        verified(json.dumps(told).encode(), key.public_key())


def test_a_report_of_another_key_is_refused(key: Ed25519PrivateKey) -> None:
    with pytest.raises(GatelineError, match="another key"):
        verified(signed(REPORT, Ed25519PrivateKey.generate()), key.public_key())


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"report": {}, "signature": "%%"}', b'{"report": {}, "signature": 3}']
)
def test_what_is_no_signed_report_is_unreadable(key: Ed25519PrivateKey, content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        verified(content, key.public_key())


def test_what_is_no_public_key_is_unreadable() -> None:
    with pytest.raises(FileUnreadable):
        read_public(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")


def test_the_projects_key_is_made_once_and_kept_sealed(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as state:
        first = signing_key(Vault(state, {}))
        assert signing_key(Vault(state, {})).private_bytes_raw() == first.private_bytes_raw()
        for file in (state.path / "vault").iterdir():
            assert first.private_bytes_raw() not in file.read_bytes()
