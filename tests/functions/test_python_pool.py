from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from functions.python_function import Listened, python_function, run
from gateline.functions.answer import Failed, Fault
from gateline.functions.pool import NotStarted
from gateline.functions.python_pool import PythonWorkshop


def test_the_default_interpreter_is_gateline_s_own(tmp_path: Path) -> None:
    source = "import sys\ndef handler(e, c): return sys.executable"

    async def scenario(functions: Listened) -> None:
        assert await functions.returned() == sys.executable

    run(tmp_path, scenario, python_function(tmp_path / "code", source))


def test_an_interpreter_is_found_on_the_path(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/snake").symlink_to(os.path.realpath(sys.executable))
    function = python_function(tmp_path / "code", "def handler(e, c): return 1", interpreter="snake")

    async def scenario(functions: Listened) -> None:
        assert await functions.returned() == 1

    run(tmp_path, scenario, function, environ={"PATH": f"{tmp_path}/bin"})


def test_byte_code_goes_into_the_function_s_own_folder(tmp_path: Path) -> None:
    source = "import more, os\ndef handler(e, c): return more.__cached__, os.path.exists(more.__cached__)"
    function = python_function(tmp_path / "code", source)
    (tmp_path / "code/more.py").write_text("")

    async def scenario(functions: Listened) -> None:
        cached, is_there = await functions.returned()
        assert Path(cached).is_relative_to(functions.scratch)
        assert is_there

    run(tmp_path, scenario, function)
    assert sorted(path.name for path in (tmp_path / "code").iterdir()) == ["app.py", "more.py"]


def test_a_workshop_that_could_not_open_can_be_opened_later(tmp_path: Path) -> None:
    function = python_function(tmp_path / "code", "def handler(e, c): return 1")
    shutil.move(tmp_path / "code", tmp_path / "away")

    async def scenario(functions: Listened) -> None:
        answer = await functions.ask()
        assert isinstance(answer, Failed)
        assert answer.fault is Fault.NOT_STARTED
        shutil.move(tmp_path / "away", tmp_path / "code")
        while isinstance(await functions.ask(), Failed):  # noqa: ASYNC110 - the pause after a failure
            await asyncio.sleep(0.01)
        assert len(functions.troubles) == 1

    run(tmp_path, scenario, function)


def test_what_the_kernel_does_not_take_is_told(tmp_path: Path) -> None:
    function = python_function(tmp_path / "code", "", environment=(("NUL", "\0"),))
    workshop = PythonWorkshop(function, tell=lambda _: None, scratch=tmp_path, environ=os.environ)

    async def scenario() -> None:
        await workshop.open()
        with pytest.raises(NotStarted, match="no process can be started"):
            workshop.make(None)  # type: ignore[arg-type] # nobody is told anything

    asyncio.run(scenario())
    workshop.close()
