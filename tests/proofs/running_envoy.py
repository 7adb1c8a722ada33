"""A real Envoy on a static bootstrap, for proofs that need no control plane.

with running_envoy(bootstrap) as envoy:
    exchange(envoy.port, b"GET / HTTP/1.1 ...")
    envoy.admin("/config_dump")
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from compile.gateways import keyring
from gateline.compile import compile_gateway
from gateline.compile.resources import Resources
from gateline.model.gateway import Gateway
from gateline.runtime.envoy import find_envoy
from golden.static_bootstrap import static_bootstrap
from harness.raw_client import Answer, exchange

PATIENCE: Final = 30.0
_SERVING: Final = "starting main dispatch loop"


class _OverUnixSocket(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(slots=True)
class RunningEnvoy:
    """An Envoy that serves on `port`; `log` is what it has said."""

    admin_socket: str
    process: subprocess.Popen[str]
    log: list[str] = field(default_factory=list)
    port: int = 0

    def admin(self, path: str) -> str:
        """What the admin interface answers to a GET."""
        connection = _OverUnixSocket(self.admin_socket)
        connection.request("GET", path)
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def get(self, path: str, *lines: bytes, host: bytes = b"localhost", verb: bytes = b"GET") -> Answer:
        """Send a request with these header lines; its answer."""
        head = [verb + b" " + path.encode() + b" HTTP/1.1", b"Host: " + host, *lines]
        answers = exchange(self.port, b"\r\n".join(head) + b"\r\n\r\n")
        assert answers, "hung up without an answer"
        return answers[0]


def bootstrap_of(gateway: Gateway, backend_port: int = 9) -> dict[str, Any]:
    """A project compiled, all its upstream hosts being 127.0.0.1 with the backend's port."""
    result = compile_gateway(gateway, keyring(*(source.name for source in gateway.secrets)))
    assert result.resources is not None
    return bootstrap_with(result.resources, backend_port)


def bootstrap_with(resources: Resources, backend_port: int = 9) -> dict[str, Any]:
    """Resources as a static bootstrap, all upstream hosts being 127.0.0.1 with the backend's port."""
    answers = {lookup: ["127.0.0.1"] for lookup in resources.lookups}
    bootstrap = static_bootstrap(resources, answers)
    for cluster in bootstrap["static_resources"]["clusters"]:
        for locality in cluster.get("load_assignment", {}).get("endpoints", []):  # none: the way of links
            for endpoint in locality["lb_endpoints"]:
                endpoint["endpoint"]["address"]["socket_address"]["port_value"] = backend_port
    return bootstrap


@contextmanager
def running_envoy(bootstrap: Mapping[str, Any]) -> Iterator[RunningEnvoy]:
    """Start Envoy with one worker and wait until it serves; end it afterwards."""
    with tempfile.TemporaryDirectory(prefix="gl-") as folder:
        admin = str(Path(folder) / "admin")
        whole = {**bootstrap, "admin": {"address": {"pipe": {"path": admin, "mode": 0o600}}}}
        config = Path(folder) / "envoy.json"
        config.write_text(json.dumps(whole), encoding="utf-8")
        command = [str(find_envoy(os.environ).path), "--config-path", str(config), "--concurrency", "1"]
        command += ["--disable-hot-restart", "--log-level", "info", "--file-flush-interval-msec", "40"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace")
        envoy = RunningEnvoy(admin_socket=admin, process=process)
        serving = threading.Event()
        reader = threading.Thread(target=_read, args=(envoy, serving))
        reader.start()
        try:
            assert serving.wait(PATIENCE), "Envoy did not start"
            assert process.poll() is None, "".join(envoy.log[-10:])
            envoy.port = _port(envoy)
            yield envoy
        finally:
            process.kill()
            process.wait()
            reader.join()
            assert process.stderr is not None
            process.stderr.close()


def _read(envoy: RunningEnvoy, serving: threading.Event) -> None:
    assert envoy.process.stderr is not None
    for line in envoy.process.stderr:
        envoy.log.append(line)
        if _SERVING in line:
            serving.set()
    envoy.process.wait()
    serving.set()  # it has ended: nobody need wait any longer


def _port(envoy: RunningEnvoy) -> int:
    [status] = json.loads(envoy.admin("/listeners?format=json"))["listener_statuses"]
    return int(status["local_address"]["socket_address"]["port_value"])
