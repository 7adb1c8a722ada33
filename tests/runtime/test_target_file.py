from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from gateline.discovery.source import Targets
from gateline.model.discovery import TargetFile
from gateline.model.origin import Origin, Position
from gateline.runtime.notice import Complained, Notice
from gateline.runtime.target_file import FileText, follow_file


class Heard:
    """What is told of a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: asyncio.Queue[list[int] | str] = asyncio.Queue()
        self.notices: list[Notice] = []

    def write(self, text: str) -> None:
        draft = self.path.with_name("draft")
        draft.write_text(text)
        draft.replace(self.path)

    def tell(self, targets: Targets) -> None:
        self.told.put_nowait([each.port for each in targets])

    async def next(self) -> list[int] | str:
        return await self.told.get()


def followed(folder: Path, story: Callable[[Heard], Awaitable[None]]) -> None:
    async def play() -> None:
        heard = Heard(folder / "targets")
        source = TargetFile(path=str(heard.path), name="targets", origin=Origin("gateline.yaml"))
        work = follow_file(source, heard.tell, heard.told.put_nowait, heard.notices.append)
        following = asyncio.ensure_future(work)
        async with asyncio.timeout(20):
            await story(heard)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    asyncio.run(play())


def test_each_change_of_the_file_is_told(tmp_path: Path) -> None:
    async def story(heard: Heard) -> None:
        assert await heard.next() == "targets does not exist"
        heard.write("10.0.0.1:80")
        assert await heard.next() == [80]
        heard.write('["10.0.0.1:81", "10.0.0.1:82"]')
        assert await heard.next() == [81, 82]
        heard.path.unlink()
        assert await heard.next() == "targets does not exist"

    followed(tmp_path, story)


def test_what_is_wrong_is_told_with_its_line_and_a_good_file_after_it_counts(tmp_path: Path) -> None:
    async def story(heard: Heard) -> None:
        heard.write("10.0.0.1:80\nnobody\n")
        assert await heard.next() in {"targets cannot be used", "targets does not exist"}
        while not heard.notices:
            assert await heard.next() == "targets cannot be used"
        [notice] = heard.notices
        assert isinstance(notice, Complained)
        [complaint] = notice.report.diagnostics
        assert notice.places.locate(complaint.origin) == Position(2, 1)
        assert notice.places.text("targets") == "10.0.0.1:80\nnobody\n"
        heard.write("10.0.0.1:80\n")
        assert await heard.next() == [80]

    followed(tmp_path, story)


def test_the_same_fault_is_told_once_while_a_file_is_written(tmp_path: Path) -> None:
    async def story(heard: Heard) -> None:
        heard.path.write_text("nobody\n")
        while await heard.next() != "targets cannot be used":
            pass
        for length in (1, 2, 3):
            heard.write("nobody\n" + "#" * length)
            assert await heard.next() == "targets cannot be used"
        assert len(heard.notices) == 1
        heard.write("10.0.0.1:80\n")
        assert await heard.next() == [80]
        heard.write("nobody\n")
        assert await heard.next() == "targets cannot be used"
        assert len(heard.notices) == 2

    followed(tmp_path, story)


def test_a_place_that_says_nothing_is_the_top_of_the_file() -> None:
    text = FileText("targets", "a")
    assert text.locate(Origin("targets")) == Position(1, 1)
    assert text.text("other") is None
