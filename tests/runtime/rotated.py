"""A project whose secrets are rotated, compiled as a gateway serves it; and who serves it without a gateway."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Edge
from gateline.model.origin import Origin
from gateline.model.secret import SecretSource
from gateline.runtime.candidate import Candidate, Memory, RunningEdge, build, read
from gateline.runtime.material import live
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir
from runtime.clusters import PROGRAM

EDGE: Final = Edge(port=8080, workers=1, origin=Origin("gateline.yaml", ("gateway",)))
DIRECT: Final = {"uri": "http://127.0.0.9:9009/direct"}
BALANCED: Final = {
    "uri": "http://internal.shop/orders",
    "connectionType": "VPC_LINK",
    "connectionId": "inner",
}
LINKED: Final = {
    "uri": "http://inner.shop/linked",
    "connectionType": "VPC_LINK",
    "connectionId": "${stageVariables.to}",
}
FILED: Final = {"command": ["python", str(PROGRAM), "--port", "{port}"], "secret_files": {"FILE": "Token"}}
STARTED: Final = {"command": ["python", str(PROGRAM), "--socket", "{socket}"], "secrets": {"TOKEN": "Token"}}
HEADER: Final = {"integration.request.header.X-Pass": "'pass ${Token}'"}


def candidate(
    folder: Path,
    state: StateDir,
    *integrations: Mapping[str, Any],
    secret: Mapping[str, Any],
    **parts: Any,
) -> Candidate:
    """A candidate with a method for each integration; they send the secret `Token`, unless they say otherwise."""
    paths = {
        f"/{number}": {
            "get": {
                "x-amazon-apigateway-integration": {
                    "type": "http_proxy",
                    "httpMethod": "GET",
                    "timeoutInMillis": 1000 + number,
                    "requestParameters": HEADER,
                    **integration,
                }
            }
        }
        for number, integration in enumerate(integrations)
    }
    definition = {"swagger": "2.0", "info": {"title": "orders", "version": "1"}, "paths": paths}
    (folder / "swagger.json").write_text(json.dumps(definition))
    forward = {"type": "forward", "target_groups": [{"name": "orders"}]}
    listener = {"protocol": "HTTP", "port": 80, "default_actions": [forward]}
    project = {
        "name": "shop",
        "apis": {"orders": {"definition": "swagger.json", "stages": {"prod": {"variables": {"to": "far"}}}}},
        "secrets": {"Token": dict(secret), "Other": {"env": "OTHER"}},
        "vpc_links": {
            "inner": {"target": "internal"},
            "far": {"target": ["127.0.0.7:7000", "127.0.0.8:8000"]},
        },
        "load_balancers": {"internal": {"dns_name": "internal.shop", "listeners": [listener]}},
        "target_groups": {"orders": {}, "elsewhere": {"targets": ["127.0.0.5:5000"]}},
        **parts,
    }
    (folder / "gateline.yaml").write_text(yaml.safe_dump(project))
    settings = Settings(project=folder / "gateline.yaml", environ={"OTHER": "other value"}, port=0)
    edge = RunningEdge(written=EDGE, actual=EDGE)
    built = build(read(settings, Memory()), settings, edge, state, None, Memory())
    assert built.gateway is not None, built.report
    return built


def token(served: Candidate) -> SecretSource:
    """The secret `Token` of a candidate."""
    assert served.gateway is not None
    return next(source for source in served.gateway.secrets if source.name == "Token")


class Serves:
    """Serves a candidate without an Envoy: takes in what the vault holds, and keeps what was sent and accepted then."""

    def __init__(self, served: Candidate, state: StateDir) -> None:
        self.served: Candidate | None = served
        self.taken: list[
            tuple[bytes, tuple[bytes, ...]]
        ] = []  # the value that is sent, those that are accepted
        self._state = state

    async def take_in(self) -> None:
        assert self.served is not None
        assert self.served.gateway is not None
        keyring = live(self.served.keyring, self.served.gateway, (), self._state, Complaints())
        self.served = dataclasses.replace(self.served, keyring=keyring)
        secret = next(each for each in keyring.secrets if each.name == "Token")
        self.taken.append((secret.reveal(), secret.reveal_accepted()))
