from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateline.errors import GatelineError
from gateline.model.gateway import Edge
from gateline.model.origin import Origin
from gateline.runtime.candidate import Candidate, Memory, RunningEdge, build, read
from gateline.runtime.key_commands import KeyCommands, perform
from gateline.runtime.state_dir import StateDir, hold_state_dir
from runtime.keyed import ACME, BOB, desk, plan
from runtime.projects import MOCK, write_keyed_project

EDGE = Edge(port=8080, workers=1, origin=Origin("gateline.yaml", ("gateway",)))


class Serves:
    """Serves a candidate, and is told when keys have changed."""

    def __init__(self, candidate: Candidate | None, problem: str = "") -> None:
        self._candidate = candidate
        self._problem = problem
        self.told = 0

    @property
    def served(self) -> Candidate | None:
        return self._candidate

    async def take_in(self) -> None:
        self.told += 1
        if self._problem:
            raise GatelineError(self._problem)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


@pytest.fixture
def candidate(tmp_path: Path, state: StateDir) -> Candidate:
    settings = write_keyed_project(tmp_path, {"/hello": MOCK})
    built = build(
        read(settings, Memory()), settings, RunningEdge(written=EDGE, actual=EDGE), state, None, Memory()
    )
    assert built.gateway is not None, built.report
    return built


def does(commands: KeyCommands, **asked: object) -> Any:
    return asyncio.run(commands({"do": "keys", **asked}))


def test_a_change_counts_before_it_is_answered(state: StateDir, candidate: Candidate) -> None:
    serving = Serves(candidate)
    commands = KeyCommands(state, serving)
    [made] = does(commands, action="create", name="bob", plans=["gold"], value=None)["keys"]
    assert (made["name"], len(made["value"]), serving.told) == ("bob", 40, 1)
    text = f"name,key\ncid,{BOB}\n"
    [taken] = does(commands, action="import", file="k.csv", text=text, plans=["gold"])["keys"]
    assert (taken["name"], serving.told) == ("cid", 2)
    assert does(commands, action="revoke", key="bob")["keys"][0]["revoked"]
    assert serving.told == 3


def test_what_only_asks_changes_nothing(state: StateDir, candidate: Candidate) -> None:
    serving = Serves(candidate)
    commands = KeyCommands(state, serving)
    [key] = does(commands, action="list")["keys"]
    assert key["name"] == "acme"
    assert re.search(r"gateline\.yaml:[0-9]+:[0-9]+$", key["declared"])
    assert [row["plan"] for row in does(commands, action="usage", plan=None, key="acme")["usage"]] == ["gold"]
    assert serving.told == 0


def test_a_key_that_does_not_come_to_count_is_taken_back(state: StateDir, candidate: Candidate) -> None:
    commands = KeyCommands(state, Serves(candidate, "Envoy did not take the keys"))
    with pytest.raises(GatelineError, match="did not take"):
        does(commands, action="create", name="bob", plans=["gold"], value=None)
    assert [key["name"] for key in does(commands, action="list")["keys"]] == ["acme"]


def test_a_revocation_that_does_not_come_to_count_stays(state: StateDir, candidate: Candidate) -> None:
    commands = KeyCommands(state, Serves(candidate, "Envoy did not take the keys"))
    with pytest.raises(GatelineError, match="did not take"):
        does(commands, action="revoke", key="acme")
    assert [key["revoked"] for key in does(commands, action="list")["keys"]] == [True]


def test_nothing_can_be_asked_before_anything_is_served(state: StateDir) -> None:
    with pytest.raises(GatelineError, match="nothing is served yet"):
        does(KeyCommands(state, Serves(None)), action="list")


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "forget"},
        {"action": "create", "name": "bob", "plans": "gold", "value": None},
        {"action": "create", "name": "bob", "plans": [3], "value": None},
        {"action": "create", "name": "bob", "plans": ["gold"]},
        {"action": "import", "file": "a", "text": None, "plans": []},
        {"action": "import", "file": "a", "text": "", "plans": [None]},
        {"action": "revoke"},
        {"action": "usage"},
    ],
)
def test_what_is_not_understood_is_not_done(state: StateDir, asked: dict[str, Any]) -> None:
    with pytest.raises(GatelineError, match="no such request"):
        perform(desk(state, plan("gold", "orders/prod")), asked)


def test_bytes_that_are_no_text_are_told_with_their_line(state: StateDir) -> None:
    text = b"name,key\n\xff".decode("utf-8", "surrogateescape")
    asked = {"action": "import", "file": "k.csv", "text": text, "plans": []}
    with pytest.raises(GatelineError, match=r"k\.csv:2: it is not UTF-8 text"):
        perform(desk(state, plan("gold", "orders/prod")), asked)


def test_a_value_is_in_no_answer_but_that_of_create(state: StateDir, candidate: Candidate) -> None:
    commands = KeyCommands(state, Serves(candidate))
    given = does(commands, action="create", name="bob", plans=["gold"], value=BOB)
    listed = does(commands, action="list")
    assert not [value for value in (ACME, BOB) if value in str((given, listed))]
