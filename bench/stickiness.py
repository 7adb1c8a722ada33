"""Stickiness at a balancer of the internet: by cookies of targets and groups, and by some that nobody made."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from dataclasses import replace
from pathlib import Path

from bench import machine
from bench.load import Asked
from bench.measure import Case, Row, interleaved
from bench.projects import SECRET_VARIABLE, definition
from bench.servers import Server, bare_envoy, gateline


def stickiness_rows(folder: Path, upstream: Server, rounds: int) -> list[Row]:
    """Processor time a request, against the same route without stickiness."""
    port = machine.free_port()
    with contextlib.ExitStack() as stack:
        bare = stack.enter_context(bare_envoy(folder, upstream.port))
        project = _project(folder / "sticky", upstream.port, port)
        server = replace(stack.enter_context(gateline(project, "--no-watch")), port=port)
        mine, both = _cookies(f"{server.url}/sticky/7"), _cookies(f"{server.url}/shared/7")
        cases = [
            Case(name="bare Envoy", server=bare, path="/items/7"),
            Case(name="balancer", server=server, path="/plain/7"),
            Case(name="sticky, the first request", server=server, path="/sticky/7"),
            Case(name="sticky, comes back", server=server, path="/sticky/7", asked=_with(mine)),
            Case(
                name="sticky, a value that nobody made",
                server=server,
                path="/sticky/7",
                asked=_with(f"AWSALB={'ab' * 40}"),
            ),
            Case(name="group and target, comes back", server=server, path="/shared/7", asked=_with(both)),
        ]
        return interleaved(cases, rounds)


def _with(cookies: str) -> Asked:
    return Asked(headers=(f"Cookie: {cookies}",))


def _cookies(url: str) -> str:
    """The cookies that a browser would send after a first request."""
    with urllib.request.urlopen(url) as answer:
        return "; ".join(each.partition(";")[0] for each in answer.headers.get_all("set-cookie") or ())


def _project(folder: Path, backend_port: int, port: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "api.json").write_text(json.dumps(definition(1)))
    target = {"targets": [f"127.0.0.1:{backend_port}"]}
    sticky = {**target, "stickiness": {"enabled": True}}
    shared = {
        "target_groups": [{"name": "blue"}, {"name": "green"}],
        "target_group_stickiness_config": {"enabled": True, "duration_seconds": 3600},
    }
    actions = {
        "/plain/*": {"target_group": "plain"},
        "/sticky/*": {"target_group": "sticky"},
        "/shared/*": shared,
    }
    rules = [
        {
            "priority": number,
            "conditions": [{"field": "path-pattern", "values": [pattern]}],
            "actions": [{"type": "forward", **action}],
        }
        for number, (pattern, action) in enumerate(actions.items(), 1)
    ]
    listener = {
        "protocol": "HTTP",
        "port": 80,
        "bind": f"127.0.0.1:{port}",
        "rules": rules,
        "default_actions": [{"type": "fixed-response", "status_code": 404}],
    }
    project = {
        "name": "bench",
        "gateway": {"workers": 1},
        "secrets": {"Passthrough": {"env": SECRET_VARIABLE}},
        "apis": {"gate": {"definition": "api.json", "stages": {"prod": {"variables": {"url": "a.test"}}}}},
        "load_balancers": {"public": {"scheme": "internet-facing", "listeners": [listener]}},
        "target_groups": {"plain": target, "sticky": sticky, "blue": sticky, "green": sticky},
    }
    (folder / "gateline.yaml").write_text(json.dumps(project))
    return folder
