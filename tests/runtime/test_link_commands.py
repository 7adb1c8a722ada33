"""Commands about links, and what nodes ask."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateline.authority.link_certificates import make_key, make_request, sign_renewal
from gateline.errors import GatelineError
from gateline.runtime.candidate import Candidate
from gateline.runtime.link_commands import LinkCommands
from gateline.runtime.link_desk import linked
from gateline.runtime.link_health import Presence
from runtime.linked import gateway, state_dir

SINCE = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Serves:
    """Serves a project with these tunnels, and is told when nodes have changed."""

    def __init__(self, *tunnels: str) -> None:
        self.gateway = gateway(*tunnels)
        self.told = 0
        self.problem = ""

    @property
    def served(self) -> Candidate | None:
        return cast("Candidate", SimpleNamespace(gateway=self.gateway))

    async def take_in(self) -> None:
        self.told += 1
        if self.problem:
            raise GatelineError(self.problem)


class Scene:
    """Commands over a state directory, and who is connected."""

    def __init__(self, folder: Path, *tunnels: str) -> None:
        self.serving = Serves(*tunnels)
        self.said: list[str] = []
        self.connected: dict[str, Presence] = {}
        self.state = state_dir(folder)
        self.commands = LinkCommands(self.state, self.serving, lambda: self.connected, 2, self.said.append)

    def does(self, **asked: Any) -> dict[str, Any]:
        return asyncio.run(self.commands({"do": "links", **asked}))

    def asks(self, **asked: Any) -> dict[str, Any]:
        return asyncio.run(self.commands.attend(asked))

    def token(self, node: str = "n1") -> str:
        token = self.does(action="enroll", tunnel="", node=node, seconds=60)["token"]
        return str(token["secret"])

    def enrolled(self) -> tuple[bytes, dict[str, Any]]:
        key = make_key()
        return key, self.asks(do="enroll", secret=self.token(), request=make_request(key).decode())


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path, "plant")


def test_a_node_enrols_and_counts_before_it_is_answered(scene: Scene) -> None:
    _, answer = scene.enrolled()
    assert scene.serving.told == 1
    assert (answer["tunnel"], answer["node"], answer["connections"]) == ("plant", "n1", 8)
    assert scene.said == ["the node n1 has enrolled in the tunnel plant"]


def test_a_node_that_envoy_does_not_take_is_not_enrolled(scene: Scene) -> None:
    secret = scene.token()
    scene.serving.problem = "Envoy did not take the change"
    with pytest.raises(GatelineError, match="did not take"):
        scene.asks(do="enroll", secret=secret, request=make_request(make_key()).decode())
    assert scene.does(action="list") == {"nodes": []}


def test_the_list_says_who_is_connected_since_when(scene: Scene) -> None:
    _, answer = scene.enrolled()
    (row,) = scene.does(action="list")["nodes"]
    assert (row["connections"], row["since"]) == (0, None)
    scene.connected[answer["name"]] = Presence(8, SINCE)
    (row,) = scene.does(action="list")["nodes"]
    assert (row["connections"], row["since"]) == (8, SINCE.isoformat())
    assert "secret" not in str(row)


def test_who_is_revoked_counts_no_more_and_renews_no_more(scene: Scene) -> None:
    key, answer = scene.enrolled()
    request = make_request(make_key())
    renewal = {
        "do": "renew",
        "certificate": answer["certificate"],
        "request": request.decode(),
        "signature": base64.b64encode(sign_renewal(key, request)).decode(),
    }
    assert scene.asks(**renewal)["name"] == answer["name"]
    assert scene.does(action="revoke", tunnel="", node="n1") == {"node": {"tunnel": "plant", "node": "n1"}}
    assert scene.serving.told == 2
    with pytest.raises(GatelineError, match="not enrolled any more"):
        scene.asks(**renewal)


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "enroll", "tunnel": "", "node": "N1", "seconds": 60},
        {"action": "enroll", "tunnel": "", "node": "n1/../x", "seconds": 60},
        {"action": "enroll", "tunnel": "", "node": "n1", "seconds": 0},
        {"action": "forget"},
        {"action": "revoke", "tunnel": "", "node": "n1"},
    ],
)
def test_what_makes_no_sense_is_refused(scene: Scene, asked: dict[str, Any]) -> None:
    with pytest.raises(GatelineError):
        scene.does(**asked)


@pytest.mark.parametrize("asked", [{}, {"do": "enroll"}, {"do": "list"}, {"do": "enroll", "secret": 1}])
def test_nodes_get_nothing_else(scene: Scene, asked: dict[str, Any]) -> None:
    with pytest.raises(GatelineError, match="no such request"):
        scene.asks(**asked)


def test_a_project_without_tunnels_has_no_links(tmp_path: Path) -> None:
    with pytest.raises(GatelineError, match="no tunnels"):
        Scene(tmp_path).does(action="list")


def test_the_gateways_own_certificate_is_renewed_when_it_is_due(scene: Scene) -> None:
    duty = scene.commands.duty()
    assert duty.due() is None
    linked(scene.serving.gateway, scene.state, SINCE)
    due = duty.due()
    assert due is not None
    assert due > SINCE
    asyncio.run(cast("Any", duty.work()))
    assert scene.serving.told == 1
