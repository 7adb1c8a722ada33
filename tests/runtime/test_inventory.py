from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateline.errors import GatelineError
from gateline.runtime import control_client
from gateline.runtime.admin import Admin
from gateline.runtime.candidate import Candidate
from gateline.runtime.health import Health
from gateline.runtime.inventory import Inventory
from gateline.runtime.notice import Notice
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.settings import Settings
from gateline.runtime.stack import Stack
from gateline.runtime.state_dir import hold_state_dir
from harness.free_port import free_port
from runtime.clusters import PROGRAM
from runtime.projects import SECRET

pytestmark = pytest.mark.envoy

INTEGRATION: dict[str, Any] = {
    "type": "http_proxy",
    "httpMethod": "GET",
    "uri": "http://internal.shop/orders",
    "connectionType": "VPC_LINK",
    "connectionId": "link",
    "requestParameters": {"integration.request.header.X-Gw-Proof": "Bearer ${PassthroughSecret}"},
}
AUTHORIZER = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/judge/invocations"
DEFINITION: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "orders", "version": "1"},
    "securityDefinitions": {
        "judge": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": AUTHORIZER},
        }
    },
    "paths": {
        "/open": {"get": {"x-amazon-apigateway-integration": INTEGRATION}},
        "/orders/{id}": {
            "get": {"security": [{"judge": []}], "x-amazon-apigateway-integration": INTEGRATION}
        },
    },
}
PROJECT: dict[str, Any] = {
    "name": "shop",
    "gateway": {"workers": 1, "hosts": ["gw.example.com"]},
    "apis": {"orders": {"definition": "swagger.json", "stages": {"prod": {}}}},
    "functions": {"judge": {"code": ".", "handler": "judge.handler", "runtime": "python3"}},
    "secrets": {"PassthroughSecret": {"env": "PASSTHROUGH_SECRET"}},
    "vpc_links": {"link": {"target": "internal"}},
    "load_balancers": {
        "internal": {
            "dns_name": "internal.shop",
            "listeners": [
                {
                    "protocol": "HTTP",
                    "port": 80,
                    "default_actions": [{"type": "forward", "target_groups": [{"name": "orders"}]}],
                }
            ],
        },
    },
    "target_groups": {
        "wired": {"protocol": "TCP", "tls": {"ca": "gateline", "identity": "wired.internal"}},
        "raw": {"protocol": "TCP"},
        "orders": {"health_check": {"path": "/health", "interval_seconds": 5, "timeout_seconds": 2}},
        "old": {"targets": ["127.0.0.9:9"]},
    },
    "services": {
        "orders": {"command": [sys.executable, "-S", str(PROGRAM), "--port", "{port}"]},
        "basket": {
            "command": [sys.executable, "-S", str(PROGRAM), "--socket", "{socket}"],
            "target_group": "orders",
        },
        "mail": {"command": [sys.executable, "-S", str(PROGRAM)]},
    },
}


def write(folder: Path) -> Settings:
    (folder / "swagger.json").write_text(json.dumps(DEFINITION))
    (folder / "judge.py").write_text("def handler(event, context):\n    raise Exception('Unauthorized')\n")
    project = {**PROJECT, "gateway": {**PROJECT["gateway"], "admin": {"port": free_port()}}}
    (folder / "gateline.yaml").write_text(yaml.safe_dump(project))
    environ = {"PASSTHROUGH_SECRET": SECRET, "PATH": "/usr/bin:/bin"}
    return Settings(project=folder / "gateline.yaml", environ=environ, port=0, health=Health())


def ignore(notice: Notice) -> None:
    """Nobody listens."""


def test_all_that_could_be_reached_is_told(tmp_path: Path) -> None:
    settings = write(tmp_path)

    async def story() -> dict[str, Any]:
        async with asyncio.timeout(60), LocalProcesses() as processes, Stack(settings, ignore, processes):
            return await control_client.ask(settings.project, None, {"do": "inventory"})

    told = asyncio.run(story())
    assert (told["project"], told["uid"], told["functions"]) == ("shop", os.geteuid(), ["judge"])
    assert {"gateline", "envoy", "host", "tasks"} <= set(told["pids"])
    listeners = {each["name"]: each for each in told["listeners"]}
    assert listeners["gateway"]["protocol"] == "HTTP"
    assert listeners["probes"]["address"] == "127.0.0.1"
    assert told["url"].endswith(f":{listeners['gateway']['port']}")
    assert {"orders.localhost", "orders.execute-api.*", "localhost", "gw.example.com"} == set(told["hosts"])
    tasks = {each["service"]: each for each in told["tasks"]}
    assert tasks["orders"]["address"] == "127.0.0.1"
    assert tasks["orders"]["port"] > 0
    assert tasks["orders"]["healthy"]
    assert Path(tasks["basket"]["socket"]).name == "s"
    assert (tasks["mail"]["port"], tasks["mail"]["socket"]) == (0, "")
    assert all(each["uid"] is not None for each in told["tasks"])
    assert told["groups"]["orders"]["health_path"] == "/health"
    assert [told["groups"][name]["protocol"] for name in ("wired", "raw")] == ["HTTPS", "TCP"]
    assert told["backend_names"] == ["internal.shop", "wired.internal"]
    [target] = told["targets"]
    assert (target["target_group"], target["host"], target["port"]) == ("old", "127.0.0.9", 9)
    assert told["headers"] == [
        {"name": "X-Gw-Proof", "parts": [{"text": "Bearer "}, {"secret": "PassthroughSecret"}]}
    ]
    [guarded] = told["guarded"]
    assert (guarded["method"], guarded["path"], guarded["guard"]) == ("GET", "/orders/{id}", "judge")
    assert guarded["prefix"] + guarded["target"] == "/prod/orders/gateline-prove"
    assert {"control", "Envoy's admin", "configuration (xDS)", "host"} <= {
        each["name"] for each in told["sockets"]
    }
    assert SECRET not in json.dumps(told)


def test_nothing_is_told_before_something_is_served(tmp_path: Path) -> None:
    class Nothing:
        served: Candidate | None = None

        def inventory(self) -> list[dict[str, Any]]:
            return []

    with hold_state_dir(tmp_path, None, {}) as state:
        inventory = Inventory(state, Nothing(), Nothing(), Admin(state.admin_socket), write(tmp_path))
        with pytest.raises(GatelineError, match="nothing is served yet"):
            asyncio.run(inventory())
