"""The way through a tunnel: a gateway, and a node that dials it, both on the proxies' processor."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench import machine
from bench.servers import Server, gateline

_TUNNEL = "plant"


def link_project(port: int) -> dict[str, object]:
    """The keys of a project whose VPC link `inner` is a tunnel, and whose nodes dial this port."""
    return {
        "gateway": {
            "workers": 1,
            "default_api": "api",
            "links": {"address": "127.0.0.1", "port": port},
        },
        "tunnels": {_TUNNEL: {}},
        "vpc_links": {"inner": {"target": {"tunnel": _TUNNEL}}},
    }


@contextlib.contextmanager
def linked(project: Path, backend: int) -> Iterator[Server]:
    """The gateway of a project, and its node, which exports the backend as `items:80`; both are what it costs."""
    state, token, exports = project / "node", project / "node.token", project / "link.yaml"
    exports.write_text(json.dumps({"exports": {"items": f"http://127.0.0.1:{backend}"}}))
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "gateline"]
    with gateline(project, "--no-watch") as gateway:
        place = ["--project", str(project)]
        enroll = [*command, "links", "enroll", "n1", "--out", str(token), *place]
        subprocess.run(enroll, env={**os.environ, **path}, check=True, capture_output=True)
        words = ["--exports", str(exports), "--enroll", str(token), "--state", str(state)]
        log = project / "node.log"
        with machine.running([*command, "link", *words], log, machine.PROXY_CPU, path) as node:

            def is_there() -> bool:
                listing = [*command, "links", "list", "--output", "json", *place]
                told = subprocess.run(listing, env={**os.environ, **path}, check=True, capture_output=True)
                return any(each["connections"] for each in json.loads(told.stdout)["nodes"])

            machine.wait_until(is_there, node, log, "gateline link")
            yield replace(gateway, pids=(*gateway.pids, node.pid))
