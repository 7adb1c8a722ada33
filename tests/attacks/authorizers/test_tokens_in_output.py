"""A9 for authorizers: where neither a caller's token nor a function's environment may ever stand."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from harness.guarded_gateway import FUNCTION_SECRET, Guarded, allow, authorization, bearer, policy, told

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers under attack")]

MARK = b"tok-5ecret-beef-4c1d"


def forms(secret: bytes) -> list[bytes]:
    """A secret as it is, and as protobuf and people like to write bytes; in base64 wherever it begins."""
    encoded = [base64.b64encode(b"x" * before + secret)[4 * (before > 0) : -4] for before in range(3)]
    return [secret, secret.hex().encode(), *encoded]


SECRETS = [form for secret in (MARK, FUNCTION_SECRET.encode()) for form in forms(secret)]


def admin(attacked: Guarded, path: str) -> bytes:
    """A page of Envoy's admin interface."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(attacked.gateway.admin_socket))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def pids(attacked: Guarded) -> dict[str, int]:
    """The processes that run now."""
    told_pids: dict[str, int] = json.loads((attacked.gateway.state.parent / "ready.json").read_text())["pids"]
    return told_pids


@pytest.fixture(scope="module")
def used(shared_attacked: Guarded) -> Guarded:
    """The gateway after tokens in every place, and failures of every kind."""
    attacked = shared_attacked
    tokens = [
        MARK,
        b"Bearer " + MARK,
        b"Bearer " + MARK + b" " + told(say=policy(allow("*"))),
        b"Bearer " + MARK + b" " + told(say={"context": {"user": MARK.decode()}}),
        b"Bearer " + MARK + b" " + told(say=policy(allow("*"), context={"user": [MARK.decode()]})),
        b"Bearer " + MARK + b", Basic " + MARK,
    ]
    for token in tokens:
        attacked.get(b"/prod/token", b"Authorization: " + token)
        attacked.get(b"/prod/validated", b"Authorization: " + token)
        attacked.get(b"/prod/by-header", b"Told: " + token)
        attacked.get(b"/prod/by-query?told=" + token.replace(b" ", b"+"))
    for fault in ("segfault", "sleep", "exit"):
        word = told(fault=fault)
        attacked.get(b"/prod/faulty", b"Authorization: Bearer " + MARK + b" " + word)
        answer = attacked.send(
            b"GET", b"/prod/faulty", b"X-Mark: " + MARK, b"Told: " + word, host=b"proxied.localhost"
        )
        assert MARK not in answer.raw
    return attacked


def test_nothing_that_is_printed_or_kept_holds_a_token(used: Guarded) -> None:
    output = used.gateway.output.text.encode()
    assert not [form for form in SECRETS if form in output]
    files = [path for path in used.gateway.state.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"host.log", "envoy.log"}
    assert not [path for path in files for form in SECRETS if form in path.read_bytes()]


@pytest.mark.parametrize(
    "page", ["/config_dump?include_eds", "/clusters?format=json", "/stats", "/certs", "/listeners"]
)
def test_no_page_of_the_admin_interface_holds_a_token(used: Guarded, page: str) -> None:
    told_page = admin(used, page)
    assert told_page.startswith(b"HTTP/1.1 200")
    assert not [form for form in SECRETS if form in told_page]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads Linux's table of processes")
def test_no_argument_holds_a_token_and_only_functions_have_their_environment(used: Guarded) -> None:
    assert used.status(b"/prod/token", bearer(allow("*"))) == 200
    worker = used.calls()[-1].pid
    running = {**pids(used), "worker": worker}
    assert set(running) == {"gateline", "control", "envoy", "host", "worker"}
    for name, pid in running.items():
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
        assert arguments
        assert not [form for form in SECRETS if form in arguments], name
    environments = {name: Path(f"/proc/{pid}/environ").read_bytes() for name, pid in running.items()}
    having = {name for name, text in environments.items() if FUNCTION_SECRET.encode() in text}
    assert having == {"gateline", "control", "worker"}  # the test gave it to the gateway in its environment
    names = {pair.partition(b"=")[0] for pair in environments["worker"].split(b"\0")}
    assert not {each for each in names if b"BACKEND" in each or b"HARNESS" in each or b"PYTHONPATH" in each}


def test_a_request_log_tells_nothing_of_a_query_of_a_caller_who_was_asked_about(used: Guarded) -> None:
    answer = used.get(b"/prod/by-query?told=" + MARK)
    line = used.gateway.output.wait_for(answer.one(b"x-amzn-requestid").decode())
    assert MARK.decode() not in line
    assert json.loads(line)["path"] == "/prod/by-query?told=…"


def test_no_answer_of_the_gateway_tells_what_went_wrong(attacked: Guarded) -> None:
    words = (b"private", b"told_function", b"Traceback", b"RuntimeError", b"timed out", b"signal")
    for fault in ("raise", "segfault", "exit", "sleep"):
        line = authorization(fault=fault)
        answers = [attacked.get(b"/prod/faulty", line)]
        word = told(fault=fault)
        answers.append(attacked.send(b"GET", b"/prod/faulty", b"Told: " + word, host=b"proxied.localhost"))
        for answer in answers:
            assert not [each for each in words if each in answer.raw]


def test_the_sockets_of_the_host_are_their_owners_alone(attacked: Guarded) -> None:
    sockets = [path for path in attacked.gateway.state.rglob("host*.sock") if path.is_socket()]
    assert sorted(path.name for path in sockets) == ["host-control.sock", "host.sock"]
    for path in sockets:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert path.stat().st_uid == os.geteuid()


def test_a_host_that_is_killed_leaves_no_words_of_callers(used: Guarded) -> None:
    os.kill(pids(used)["host"], signal.SIGKILL)
    while used.status(b"/prod/token", b"Authorization: " + MARK + b" " + told(say=policy(allow("*")))) != 200:
        pass
    output = used.gateway.output.text.encode()
    assert not [form for form in SECRETS if form in output]
