"""The options of `gateline sidecar`; what it does is tested in tests/sidecar."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.conftest import Gateline

HEADER = ("--header", "X-GW", "--secret-file", "secret")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "say by what the gateway is known"),
        (("--header", "X-GW"), "say by what the gateway is known"),
        ((*HEADER, "--identity", "spiffe://a/b"), "say by what the gateway is known"),
        (("--identity", "spiffe://a/b", "--certificate", "c.pem"), "say by what the gateway is known"),
        (("--header", "X GW", "--secret-file", "secret"), "is not a header name"),
        ((*HEADER, "--health-path", "healthz"), "is not a path"),
    ],
)
def test_a_sidecar_without_a_whole_proof_is_wrong_usage(
    gateline: Gateline, options: tuple[str, ...], said: str
) -> None:
    result = gateline("sidecar", "--service", "orders", "--port", 9443, "--to", "127.0.0.1:9000", *options)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize("to", ["10.0.0.7:9000", "orders.internal:80", "0.0.0.0:80", "127.0.0.1", "[::1]:0"])
def test_what_passed_a_sidecar_does_not_leave_the_machine(
    gateline: Gateline, tmp_path: Path, to: str
) -> None:
    (tmp_path / "secret").write_text("s")
    proof = ("--header", "X-GW", "--secret-file", tmp_path / "secret")
    result = gateline("sidecar", "--service", "orders", "--port", 9443, "--to", to, *proof)
    assert result.exit_code == 2
    assert "neither HOST:PORT of loopback nor unix:PATH" in " ".join(result.stderr.replace("│", " ").split())


def test_a_services_name_makes_no_path(gateline: Gateline) -> None:
    result = gateline("sidecar", "--service", "../x", "--port", 9443, "--to", "127.0.0.1:1", *HEADER)
    assert result.exit_code == 2
    assert "is not a name" in " ".join(result.stderr.split())
