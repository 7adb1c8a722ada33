"""A stack that does not come to serve, or does not take a change."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateline.compile.resources import LISTENER
from gateline.errors import AddressInUse, DefinitionInvalid, EnvoyUnavailable, GatelineError
from gateline.runtime import candidate, stack
from gateline.runtime.candidate import Candidate
from gateline.runtime.notice import Complained, Notice, Published
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.stack import Stack
from runtime.projects import MOCK, proxy, write_project, write_swagger
from runtime.stacks import Running, fetch, left_in, names, serving

pytestmark = pytest.mark.envoy


def test_an_invalid_first_configuration_serves_nothing(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    settings = replace(write_project(tmp_path, {"/hello": MOCK}), ready_file=ready)
    (tmp_path / "swagger.json").write_text("{")
    with pytest.raises(DefinitionInvalid):
        serving(settings)
    assert not ready.exists()


def test_what_only_the_compiler_refuses_is_told_and_envoy_is_not_left_behind(tmp_path: Path) -> None:
    settings = replace(
        write_project(tmp_path, {"/orders": proxy("http://127.0.0.1:9/")}),
        environ={"PASSTHROUGH_SECRET": "line\nend"},
    )
    told: list[Notice] = []

    async def play() -> None:
        async with (
            asyncio.timeout(60),
            LocalProcesses() as processes,
            Stack(settings, told.append, processes),
        ):
            raise AssertionError("it served")

    with pytest.raises(DefinitionInvalid) as raised:
        asyncio.run(play())
    assert [found.code.name for found in raised.value.report.diagnostics] == ["GL281"]
    (complaint,) = told
    assert isinstance(complaint, Complained)
    assert complaint.refused
    assert complaint.places.locate(raised.value.report.diagnostics[0].origin).line > 0


def refused_by_envoy(monkeypatch: pytest.MonkeyPatch, when: Callable[[], bool]) -> None:
    """What is compiled is such that only Envoy finds the fault: a port that does not exist."""

    def build_badly(*args: Any) -> Candidate:
        made = candidate.build(*args)
        if not when():
            return made
        assert made.resources is not None
        listeners = dict(made.resources.by_type[LISTENER])
        for name, message in listeners.items():
            bad: Any = type(message)()
            bad.CopyFrom(message)
            bad.address.socket_address.port_value = 70_000
            listeners[name] = bad
        by_type = {**made.resources.by_type, LISTENER: listeners}
        return replace(made, resources=replace(made.resources, by_type=by_type))

    monkeypatch.setattr(stack, "build", build_badly)


def test_what_envoy_refuses_at_the_start_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = tmp_path / "ready.json"
    settings = replace(write_project(tmp_path, {"/hello": MOCK}), ready_file=ready)
    refused_by_envoy(monkeypatch, lambda: True)
    with pytest.raises(DefinitionInvalid) as raised:
        serving(settings)
    (found,) = raised.value.report.diagnostics
    assert found.code.name == "GL701"
    assert found.origin.json_pointer == "/gateway"
    assert "listener" in found.message
    assert not ready.exists()


def test_what_envoy_refuses_later_is_told_and_the_last_good_configuration_serves_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = write_project(tmp_path, {"/one": MOCK})
    bad = False
    refused_by_envoy(monkeypatch, lambda: bad)

    async def story(running: Running) -> None:
        nonlocal bad
        bad = True
        write_swagger(tmp_path, {"/two": MOCK})
        complaint = await running.notices.get()
        assert isinstance(complaint, Complained)
        assert complaint.refused
        assert complaint.report.diagnostics[0].code.name == "GL701"
        assert await running.get("/prod/one") == 200
        bad = False
        write_swagger(tmp_path, {"/three": MOCK})
        assert isinstance(await running.notices.get(), Published)
        assert await running.get("/prod/three") == 200

    serving(settings, story)


def test_a_taken_port_is_told_before_envoy_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = replace(write_project(tmp_path, {"/hello": MOCK}), port=taken.getsockname()[1])
        with pytest.raises(AddressInUse, match="--port"):
            serving(settings)
    assert "envoy.log" not in names(left_in(tmp_path / ".gateline"))


def test_two_runs_of_one_project_are_one_too_many(tmp_path: Path) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK})

    async def story(_: Running) -> None:
        with pytest.raises(GatelineError, match="already runs this project"):
            await Stack(settings, lambda _: None, LocalProcesses()).__aenter__()

    serving(settings, story)


def test_two_runs_with_state_of_their_own_are_fine(tmp_path: Path) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK})

    async def story(running: Running) -> None:
        other = replace(settings, state=tmp_path / "other")
        async with LocalProcesses() as processes, Stack(other, lambda _: None, processes) as second:
            assert fetch(second.gateway.edge.port, "/prod/hello")[0] == 200
        assert await running.get("/prod/hello") == 200

    serving(settings, story)


def test_no_envoy_is_one_clear_message(tmp_path: Path) -> None:
    settings = write_project(tmp_path, {"/hello": MOCK})
    settings = replace(settings, environ={"GATELINE_ENVOY": str(tmp_path / "none")})
    with pytest.raises(EnvoyUnavailable, match="none is no Envoy that runs here"):
        serving(settings)
