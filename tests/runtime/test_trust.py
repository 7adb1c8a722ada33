from __future__ import annotations

from pathlib import Path

from gateline.runtime.trust import system_trust


def test_the_first_bundle_that_can_be_read_is_taken(tmp_path: Path) -> None:
    (tmp_path / "second.pem").write_bytes(b"two")
    (tmp_path / "third.pem").write_bytes(b"three")
    places = [tmp_path / f"{name}.pem" for name in ("first", "second", "third")]
    assert system_trust({}, places) == b"two"


def test_the_environment_overrides_the_system(tmp_path: Path) -> None:
    (tmp_path / "own.pem").write_bytes(b"own")
    (tmp_path / "system.pem").write_bytes(b"system")
    assert system_trust({"SSL_CERT_FILE": str(tmp_path / "own.pem")}, [tmp_path / "system.pem"]) == b"own"


def test_an_override_that_cannot_be_read_trusts_nobody(tmp_path: Path) -> None:
    (tmp_path / "system.pem").write_bytes(b"system")
    assert system_trust({"SSL_CERT_FILE": str(tmp_path / "none.pem")}, [tmp_path / "system.pem"]) == b""
