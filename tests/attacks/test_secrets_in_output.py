"""A9, F3: where a secret must never stand, and who may open the doors of administration."""

from __future__ import annotations

import base64
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from attacks.front import GW_SECRET, SECRETS, Front, request

pytestmark = pytest.mark.envoy

FORMS = [*SECRETS, *map(base64.b64encode, SECRETS), *(secret.hex().encode() for secret in SECRETS)]
"""The secrets as they are, and as protobuf and people like to write bytes."""

PAGES = [
    "/config_dump",
    "/config_dump?include_eds",
    "/certs",
    "/clusters?format=json",
    "/init_dump",
    "/listeners?format=json",
    "/runtime",
    "/server_info",
    "/stats",
    "/stats/prometheus",
]


def admin(front: Front, path: str) -> bytes:
    """A page of Envoy's admin interface."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(front.gateway.admin_socket))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def state_files(front: Front) -> Iterator[Path]:
    """The plain files that the gateway keeps."""
    return (path for path in front.gateway.state.rglob("*") if path.is_file())


@pytest.fixture
def used_front(front: Front) -> Front:
    """The gateway after requests that carried secrets onward, failed ones among them."""
    front.send(request(b"/prod/orders", b"X-Gw-Secret: " + GW_SECRET.encode()))
    front.send(request(b"/prod/x/" + GW_SECRET[:6].encode() + b"/%2e%2e"))
    front.backend.answers[b"/real/orders"] = b""
    front.send(request(b"/prod/orders"))
    front.backend.clear()
    return front


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_admin_interface_tells_no_secret(used_front: Front, page: str) -> None:
    told = admin(used_front, page)
    assert told.startswith(b"HTTP/1.1 200")
    assert not [form for form in FORMS if form in told]


def test_the_config_dump_knows_the_secrets_by_name_only(used_front: Front) -> None:
    told = admin(used_front, "/config_dump")
    assert b"GwSecret" in told
    assert base64.b64encode(b"[redacted]") in told


def test_no_metric_is_named_by_a_client(used_front: Front) -> None:
    used_front.send(request(b"/prod/x/metric-of-a-client", host=b"metric-of-a-client.localhost"))
    used_front.send(request(b"/prod/x/metric-of-a-client", b"X-Metric-Of-A-Client: 1"))
    assert b"metric-of-a-client" not in admin(used_front, "/stats").lower()


def test_no_file_that_the_gateway_keeps_holds_a_secret(used_front: Front) -> None:
    files = list(state_files(used_front))
    assert files
    assert not [path for path in files for form in FORMS if form in path.read_bytes()]


def test_no_argument_of_a_process_is_a_secret(used_front: Front) -> None:
    for pid in used_front.gateway.pids.values():
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
        assert arguments
        assert not [secret for secret in SECRETS if secret in arguments]


def test_envoys_environment_holds_no_secret_and_nothing_of_the_gateways(used_front: Front) -> None:
    environment = Path(f"/proc/{used_front.gateway.pids['envoy']}/environ").read_bytes()
    names = {pair.partition(b"=")[0] for pair in environment.split(b"\0")}
    assert not [secret for secret in SECRETS if secret in environment]
    assert not names & {b"GW_SECRET", b"PASSTHROUGH_SECRET", b"BACKEND", b"PYTHONPATH"}


def test_the_request_log_tells_no_value_of_a_query(front: Front) -> None:
    front.send(request(b"/prod/x/logged?token=hunter2&other"))
    line = front.gateway.output.wait_for("/x/logged")
    assert "hunter2" not in line


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(b'/prod/x/quoted","status":200,"why":"', id="quotes"),
        pytest.param(b"/prod/x/%0a{}", id="encoded newline"),
        pytest.param(b"/prod/x/\xc2\x9b2Jcontrol", id="C1 control"),
    ],
)
def test_a_path_cannot_forge_a_line_of_the_request_log(front: Front, path: bytes) -> None:
    front.send(request(path))
    front.send(request(b"/prod/x/after-the-forgery"))
    front.gateway.output.wait_for("after-the-forgery")
    for line in front.gateway.output.text.splitlines():
        assert line.isascii() or not line.startswith("{")
        if line.startswith('{"time"'):
            assert line.endswith("}")
            assert line.count('"status":') == 1


def test_f3_the_state_directory_and_its_sockets_are_their_owners_alone(front: Front) -> None:
    state = front.gateway.state
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    sockets = [path for path in state.rglob("*") if path.is_socket()]
    assert front.gateway.admin_socket in sockets
    for path in sockets:
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert path.stat().st_uid == os.geteuid()
    assert stat.S_IMODE(front.gateway.admin_socket.stat().st_mode) == 0o600


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's table of sockets")
def test_f1_the_gateways_processes_listen_at_its_port_and_nowhere_else(front: Front) -> None:
    listening = {
        inode: int(local.rpartition(":")[2], 16)
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for _, local, _, state, *rest in map(str.split, Path(table).read_text().splitlines()[1:])
        for inode in [rest[5]]
        if state == "0A"
    }
    ports = set()
    for pid in front.gateway.pids.values():
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            name = str(descriptor.readlink()) if descriptor.is_symlink() else ""
            ports.add(listening.get(name.removeprefix("socket:[").rstrip("]"), 0))
    assert ports - {0} == {front.port}


def test_f3_the_admin_interface_is_no_route_of_the_gateway(front: Front) -> None:
    for path in (b"/config_dump", b"/quitquitquit", b"/logging?level=debug", b"/prod/config_dump/x"):
        answer = front.refuses(request(path, verb=b"POST"))
        assert answer.status == 403
