"""Two networks: the services' own takes no connection at all, and is reached through the gateway nevertheless."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from end_to_end.links.linked_gateway import linked_gateway, until
from end_to_end.links.test_links import ask

pytestmark = [
    pytest.mark.envoy,
    pytest.mark.xdist_group("links"),
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("ss") is None,
        reason="needs root and iproute2, to make a network of its own",
    ),
]

OURS: Final = "10.231.77.1"
THEIRS: Final = "10.231.77.2"
APPLICATION: Final = Path(__file__).parent / "unix_application.py"


def run(*words: str) -> str:
    """What a command says."""
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def private() -> Iterator[str]:
    """A network namespace with one way to ours, by name."""
    name, wire = f"gl-link-{os.getpid()}", f"gl{os.getpid()}"
    try:
        run("ip", "netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespace can be made here: {error.stderr.strip()}")
    try:
        run("ip", "link", "add", wire, "type", "veth", "peer", "name", "up0", "netns", name)
        run("ip", "addr", "add", f"{OURS}/30", "dev", wire)
        run("ip", "link", "set", wire, "up")
        run("ip", "-n", name, "addr", "add", f"{THEIRS}/30", "dev", "up0")
        run("ip", "-n", name, "link", "set", "up0", "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        run("ip", "netns", "del", name)  # and the wire with it


def test_a_network_without_a_single_listener_serves_through_its_node(private: str, tmp_path: Path) -> None:
    within = ("ip", "netns", "exec", private)
    place = tmp_path / "app.sock"
    exports = {"orders": f"unix:{place}", "raw:5432": f"unix:{place}"}
    application = subprocess.Popen([*within, sys.executable, "-I", str(APPLICATION), str(place)])
    try:
        until(place.exists, "the application listens")
        with linked_gateway(tmp_path, exports, address=OURS) as linked:
            node = linked.joined("n1", prefix=within)
            assert ask(linked.gateway.port, "/dev/orders") == (200, b"hello")
            assert ask(linked.ports.raw, "/") == (200, b"hello")
            assert run(*within, "ss", "-Hlntu") == ""
            connected = run(*within, "ss", "-Hnt").splitlines()
            assert connected
            assert all(line.split()[4] == f"{OURS}:{linked.ports.links}" for line in connected)
            assert _open_ports() == []
            node.__exit__()
            until(lambda: ask(linked.gateway.port, "/dev/orders")[0] in {502, 503, 504}, "the way is gone")
    finally:
        application.kill()
        application.wait()


def _open_ports() -> list[int]:
    """The ports of the private side that take a connection from ours; all are tried."""
    found = []
    for port in range(1, 65536):
        with socket.socket() as attempt:
            attempt.settimeout(5)
            if attempt.connect_ex((THEIRS, port)) == 0:
                found.append(port)
    return found
