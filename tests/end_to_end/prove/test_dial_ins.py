"""The listener that links' nodes dial, and those who are nearly a node."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.free_port import free_port

from .conftest import other_shop

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("prove")]

IMPOSTORS = {
    "no certificate",
    "a node of a foreign authority",
    "a node that was not enrolled",
    "expired certificate of a node",
}


def test_nobody_but_an_enrolled_node_gets_into_a_tunnel(tmp_path: Path) -> None:
    port = free_port()
    with other_shop("linked", tmp_path, {"LINKS_PORT": str(port)}) as running:
        proved = running.prove()
    assert proved.exit_code == 0, proved.output + proved.errors
    for tunnel in ("plant", "office"):
        found = [each for each in proved.report["findings"] if each["subject"] == f"tunnel {tunnel}"]
        assert {each["means"] for each in found if each["verdict"] == "refused"} == IMPOSTORS
        assert {each["means"] for each in found if each["verdict"] == "not tried"} == {
            "what its nodes export"
        }
    assert proved.verdicts(subject="links", place=f"127.0.0.1:{port}") == {"serves"}
    assert proved.verdicts(subject="socket: enrolment") <= {"closed", "not tried"}
