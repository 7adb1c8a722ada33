from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import pytest

from gateline.runtime import reload
from gateline.runtime.candidate import Candidate, Memory, RunningEdge, build, read
from gateline.runtime.notice import Complained, Notice, Remarked
from gateline.runtime.reload import Reloader
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.watching import signature
from runtime.projects import MOCK, write_project, write_swagger


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


class Bench:
    """A running reloader; what it adopts is a list of the paths that are served."""

    def __init__(self, settings: Settings, state: StateDir) -> None:
        loaded = read(settings, Memory())
        assert loaded.gateway is not None
        edge = RunningEdge(written=loaded.gateway.edge, actual=loaded.gateway.edge)
        self.notices: asyncio.Queue[Notice] = asyncio.Queue()
        self.adopted: asyncio.Queue[list[str]] = asyncio.Queue()
        self.prepared: asyncio.Queue[Candidate] = asyncio.Queue()
        self.fault: Exception | None = None
        loop = asyncio.get_running_loop()

        def prepare() -> Candidate:
            if self.fault:
                raise self.fault
            made = build(read(settings, Memory()), settings, edge, state, None, Memory())
            loop.call_soon_threadsafe(self.prepared.put_nowait, made)
            return made

        self.reloader = Reloader(prepare, self._adopt, self.notices.put_nowait, signature(loaded.files))

    async def _adopt(self, candidate: Candidate, _: float) -> None:
        assert candidate.resources is not None
        self.adopted.put_nowait([row.path for row in candidate.resources.routes])

    @property
    def quiet(self) -> bool:
        return self.notices.empty() and self.adopted.empty()


def with_reloader(
    folder: Path, state: StateDir, story: Callable[[Bench], Coroutine[None, None, None]]
) -> None:
    async def play() -> None:
        bench = Bench(write_project(folder, {"/one": MOCK}), state)
        running = asyncio.ensure_future(bench.reloader.run())
        async with asyncio.timeout(30):
            await story(bench)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(play())


def test_an_edit_is_adopted(tmp_path: Path, state: StateDir) -> None:
    async def story(bench: Bench) -> None:
        write_swagger(tmp_path, {"/two": MOCK})
        assert await bench.adopted.get() == ["/two"]
        write_swagger(tmp_path, {"/three": MOCK})
        assert await bench.adopted.get() == ["/three"]
        assert bench.quiet

    with_reloader(tmp_path, state, story)


def test_a_bad_edit_is_complained_about_and_a_good_one_adopted_after_it(
    tmp_path: Path, state: StateDir
) -> None:
    async def story(bench: Bench) -> None:
        (tmp_path / "swagger.json").write_text('{"swagger":')
        complaint = await bench.notices.get()
        assert isinstance(complaint, Complained)
        assert complaint.refused
        assert complaint.report.diagnostics[0].code.name == "GL101"
        assert bench.quiet
        write_swagger(tmp_path, {"/two": MOCK})
        assert await bench.adopted.get() == ["/two"]
        assert bench.quiet

    with_reloader(tmp_path, state, story)


def test_a_file_that_is_emptied_and_then_written_is_not_complained_about(
    tmp_path: Path, state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "EMPTY_SECONDS", 20.0)

    async def story(bench: Bench) -> None:
        swagger = tmp_path / "swagger.json"
        whole = swagger.read_text().replace("/one", "/two")
        swagger.write_text("")
        await bench.prepared.get()
        swagger.write_text(whole)
        assert await bench.adopted.get() == ["/two"]
        assert bench.notices.empty()

    with_reloader(tmp_path, state, story)


def test_a_newly_named_file_is_watched(tmp_path: Path, state: StateDir) -> None:
    async def story(bench: Bench) -> None:
        write_swagger(tmp_path, {"/two": MOCK}, name="other.json")
        project = tmp_path / "gateline.yaml"
        (tmp_path / "next").write_text(project.read_text().replace("swagger.json", "other.json"))
        (tmp_path / "next").replace(project)
        assert await bench.adopted.get() == ["/two"]
        write_swagger(tmp_path, {"/three": MOCK}, name="other.json")
        assert await bench.adopted.get() == ["/three"]

    with_reloader(tmp_path, state, story)


def test_a_project_file_that_goes_and_comes_back_is_told_and_adopted(tmp_path: Path, state: StateDir) -> None:
    async def story(bench: Bench) -> None:
        project = tmp_path / "gateline.yaml"
        project.rename(tmp_path / "away")
        remark = await bench.notices.get()
        assert isinstance(remark, Remarked)
        assert "gateline.yaml does not exist" in remark.text
        assert "the last good configuration serves on" in remark.text
        (tmp_path / "away").rename(project)
        assert await bench.adopted.get() == ["/one"]

    with_reloader(tmp_path, state, story)


def test_a_fault_of_our_own_does_not_end_the_gateway_and_is_told_without_its_words(
    tmp_path: Path, state: StateDir
) -> None:
    async def story(bench: Bench) -> None:
        bench.fault = KeyError("hunter2")
        write_swagger(tmp_path, {"/two": MOCK})
        remark = await bench.notices.get()
        assert isinstance(remark, Remarked)
        assert remark.text.startswith("internal error (KeyError)")
        assert "hunter2" not in remark.text
        for _ in range(100):
            await asyncio.sleep(0)
        assert bench.quiet  # told once, not again and again
        bench.fault = None
        write_swagger(tmp_path, {"/three": MOCK})
        assert await bench.adopted.get() == ["/three"]

    with_reloader(tmp_path, state, story)
