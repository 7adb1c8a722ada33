"""A balancer alone, and behind an integration: rules folded into the route, and rules left open on the second pass."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

from bench import machine
from bench.measure import Case, Row, interleaved
from bench.projects import SECRET_VARIABLE, definition
from bench.servers import Server, bare_envoy, gateline

RULES = 20
"""Rules of the balancer; the one that decides is the last but one, before the default."""

OPEN = "/restapis/open/open/_user_request_"


def balancer_rows(folder: Path, upstream: Server, rounds: int) -> list[Row]:
    """Processor time a request: straight to the backend, at a balancer alone, through folded rules and open ones."""
    port = machine.free_port()
    with contextlib.ExitStack() as stack:
        bare = stack.enter_context(bare_envoy(folder, upstream.port))
        server = stack.enter_context(
            gateline(_project(folder / "balanced", upstream.port, port), "--no-watch")
        )
        cases = [
            Case(name="bare Envoy", server=bare, path="/items/7"),
            Case(
                name=f"balancer alone, {RULES} rules", server=replace(server, port=port), path="/items/last/7"
            ),
            Case(name="gateway alone, no balancer", server=server, path="/straight/r0/7"),
            Case(name=f"gateway + balancer merged, {RULES} rules", server=server, path="/folded/r0/7"),
            Case(name=f"{RULES} rules, two passes, first decides", server=server, path=f"{OPEN}/first/7"),
            Case(name=f"{RULES} rules, two passes, last decides", server=server, path=f"{OPEN}/last/7"),
        ]
        return interleaved(cases, rounds)


def _project(folder: Path, backend_port: int, port: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    document = definition(10)
    paths = document["paths"]
    assert isinstance(paths, dict)
    (folder / "straight.json").write_text(json.dumps(document))
    proxy = json.loads(json.dumps(paths["/r0/{id}"]))
    get = proxy["get"]
    get["parameters"][0]["name"] = "proxy"
    integration = get["x-amazon-apigateway-integration"]
    integration["uri"] = "http://${stageVariables.url}/items/{proxy}"
    integration["requestParameters"]["integration.request.path.proxy"] = "method.request.path.proxy"
    del integration["requestParameters"]["integration.request.path.id"]
    (folder / "open.json").write_text(json.dumps({**document, "paths": {"/{proxy+}": proxy}}))
    rules = [
        {
            "priority": number,
            "conditions": [{"field": "path-pattern", "values": [pattern]}],
            "actions": [{"type": "forward", "target_groups": [{"name": "backend"}]}],
        }
        for number, pattern in enumerate(
            [
                "/items/first/*",
                *(f"/items/other{n}/*" for n in range(RULES - 3)),
                "/items/last/*",
                "/items/*",
            ],
            1,
        )
    ]
    nobody = [{"type": "fixed-response", "status_code": 404}]
    listener = {"protocol": "HTTP", "port": 80, "rules": rules, "default_actions": nobody}
    alone = {"scheme": "internet-facing", "listeners": [{**listener, "bind": f"127.0.0.1:{port}"}]}
    project = {
        "name": "bench",
        "gateway": {"workers": 1, "default_api": "gate"},
        "secrets": {"Passthrough": {"env": SECRET_VARIABLE}},
        "apis": {
            "gate": {
                "definition": "straight.json",
                "stages": {
                    "straight": {"variables": {"url": f"127.0.0.1:{backend_port}"}},
                    "folded": {"variables": {"url": "inner.test"}},
                },
            },
            "open": {"definition": "open.json", "stages": {"open": {"variables": {"url": "inner.test"}}}},
        },
        "load_balancers": {"alone": alone, "inner": {"dns_name": "inner.test", "listeners": [listener]}},
        "target_groups": {"backend": {"targets": [f"127.0.0.1:{backend_port}"]}},
    }
    (folder / "gateline.yaml").write_text(json.dumps(project))
    return folder
