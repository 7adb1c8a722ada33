from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from gateline.authority.certificates import make_authority
from gateline.runtime.trust import system_trust, trust_variables


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


def test_a_child_believes_the_same_bundle(tmp_path: Path) -> None:
    system = tmp_path / "system.pem"
    assert trust_variables({}, [tmp_path / "none.pem", system]) == {}
    system.write_bytes(b"system")
    believed = {"SSL_CERT_FILE": str(system), "SSL_CERT_DIR": ""}
    assert trust_variables({}, [tmp_path / "none.pem", system]) == believed
    own = {"SSL_CERT_FILE": str(tmp_path / "own.pem")}  # which cannot be read: nobody is trusted
    assert trust_variables(own, [system]) == {**own, "SSL_CERT_DIR": ""}


def test_openssl_reads_the_variables_so(tmp_path: Path) -> None:
    code = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    bundle = tmp_path / "one.pem"
    bundle.write_bytes(make_authority("project", datetime.now(UTC)).chain)
    for path, expected in ((bundle, 1), (tmp_path / "none.pem", 0)):
        told = subprocess.run(
            [sys.executable, "-c", code],
            env=trust_variables({"SSL_CERT_FILE": str(path)}),
            capture_output=True,
            check=True,
            text=True,
        )
        assert int(told.stdout) == expected
