"""What a rotation waits for, what it refuses, and where none of its values may be seen."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from end_to_end.rotation.conftest import Rotating, request
from gateline.errors import GatelineError
from gateline.model.origin import Origin
from gateline.model.secret import SecretSource, SecretSourceKind
from gateline.runtime.secret_stages import SecretStages
from gateline.runtime.state_dir import StateDir

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("rotation")]


@contextmanager
def lying(rotating: Rotating, name: str) -> Iterator[None]:
    """A file of the services' folder, while this lasts."""
    path = rotating.folder / name
    path.touch()
    try:
        yield
    finally:
        path.unlink()


def test_a_request_in_flight_with_the_former_value_is_waited_for(rotating: Rotating) -> None:
    with socket.create_connection(("127.0.0.1", rotating.gateway.port)) as client:
        client.sendall(request("Filed").replace(b"/x ", b"/held "))
        rotating.rotate("Filed")
        answer = rotating.ask({"action": "follow", "secret": "Filed", "seen": 2})
        while not answer["over"] and answer["steps"][-1] != "current":
            answer = rotating.ask({"action": "follow", "secret": "Filed", "seen": len(answer["steps"])})
        with lying(rotating, "release"):
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
            assert rotating.reached("Filed")[-1] == "idle"
    assert rotating.secrets()["Filed"]["problem"] == ""


def test_a_second_rotation_of_a_secret_is_refused_while_one_is_under_way(rotating: Rotating) -> None:
    rotating.rotate("Started")
    with pytest.raises(GatelineError, match="secret Started is being rotated already"):
        rotating.rotate("Started")
    rotating.reached("Started")


def test_no_value_of_a_rotated_secret_stands_anywhere_but_where_it_must(rotating: Rotating) -> None:
    """Looked for while there are two values, and afterwards; in output, logs, dumps, arguments and files."""
    kept = SecretStages(StateDir(path=rotating.gateway.state, sockets=rotating.gateway.state))
    source = SecretSource(
        name="Started", kind=SecretSourceKind.GENERATE, place="", origin=Origin("gateline.yaml")
    )
    rotating.rotate("Started")
    stages = kept.read(source)
    assert stages is not None
    values = {stages.current, stages.pending} - {b""}
    assert len(values) == 2
    found = shown(rotating)
    rotating.reached("Started")
    found += shown(rotating)
    for value in values:
        assert value not in found
        assert base64.b64encode(value) not in found
        assert value.hex().encode() not in found


def shown(rotating: Rotating) -> bytes:
    """All that somebody could look at: pages of Envoy's admin interface, files, output, command lines."""
    pages = ("/config_dump?include_eds", "/certs", "/clusters?format=json", "/stats", "/stats/prometheus")
    found = [page(rotating, each) for each in pages]
    assert b"Started" in found[0]
    found += [path.read_bytes() for path in rotating.gateway.state.rglob("*") if path.is_file()]
    found.append(rotating.gateway.output.text.encode())
    found.append(json.dumps(rotating.secrets()).encode())
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            found.append(process.read_bytes())
    return b"\n".join(found)


def page(rotating: Rotating, path: str) -> bytes:
    """A page of Envoy's admin interface."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(rotating.gateway.admin_socket))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))
