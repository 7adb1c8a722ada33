from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateline.functions.answer import Failed, Fault, Returned
from gateline.processes.isolation import FIRST_UID
from harness.runtime_function import ARN, running, write

BASH = """#!/bin/bash
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
head=$(mktemp)
while event=$(curl -sS -D "$head" "$api/invocation/next"); do
    id=$(sed -n 's/^Lambda-Runtime-Aws-Request-Id: *\\([^\\r]*\\).*/\\1/pi' "$head")
    arn=$(sed -n 's/^Lambda-Runtime-Invoked-Function-Arn: *\\([^\\r]*\\).*/\\1/pi' "$head")
    me="\\"uid\\":$(id -u),\\"handler\\":\\"$_HANDLER\\",\\"arn\\":\\"$arn\\",\\"secret\\":\\"$SECRET\\""
    curl -sS -o /dev/null -d "{\\"event\\":$event,$me}" "$api/invocation/$id/response"
done
"""

needs_curl = pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl"
)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can read: pytest's own are closed."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@needs_curl
def test_a_bootstrap_of_bash_and_curl_finds_what_lambda_tells_it(tmp_path: Path) -> None:
    async def scene() -> None:
        changed = {"handler": "x.y", "environment": (("SECRET", "s3"),)}
        async with running(tmp_path, {"bootstrap": BASH}, **changed) as function:
            answer = await function.invoke(b'{"a":1}')
            assert isinstance(answer, Returned)
            found = json.loads(answer.payload)
            assert found["event"] == {"a": 1}
            assert (found["handler"], found["arn"], found["secret"]) == ("x.y", ARN, "s3")

    asyncio.run(scene())


@needs_curl
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_as_root_a_function_is_a_user_of_its_own(open_folder: Path) -> None:
    async def scene() -> None:
        async with running(open_folder, {"bootstrap": BASH}) as function:
            answer = await function.invoke(b"{}")
            assert isinstance(answer, Returned)
            assert json.loads(answer.payload)["uid"] >= FIRST_UID
            assert function.troubles == []

    asyncio.run(scene())


@needs_curl
def test_code_in_a_zip_with_its_bootstrap_in_a_layer_runs(tmp_path: Path) -> None:
    write(tmp_path, {"layer/bootstrap": BASH})
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("data.json", "{}")
    changed = {"code": str(tmp_path / "code.zip"), "layers": (str(tmp_path / "layer"),)}

    async def scene() -> None:
        async with running(tmp_path, {}, **changed) as function:
            assert isinstance(await function.invoke(b"{}"), Returned)

    asyncio.run(scene())


def test_code_that_is_missing_is_told_to_the_operator(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, {}, code=str(tmp_path / "nowhere")) as function:
            answer = await function.invoke(b"{}")
            assert answer == Failed(
                Fault.NOT_STARTED, f"its code cannot be used: {tmp_path / 'nowhere'} does not exist"
            )
            assert answer.detail in function.troubles

    asyncio.run(scene())


def test_a_runtime_without_a_bootstrap_is_told_to_the_operator(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, {"index.rb": ""}, runtime="ruby3.4") as function:
            answer = await function.invoke(b"{}")
            assert isinstance(answer, Failed)
            assert answer.fault is Fault.NOT_STARTED
            assert answer.detail.startswith("runtime ruby3.4 needs a file `bootstrap`")
            assert answer.detail in function.troubles

    asyncio.run(scene())


@needs_curl
def test_events_that_come_together_are_shared_out_among_workers(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, {"bootstrap": BASH}, minimum=1, maximum=3) as function:
            answers = await asyncio.gather(*(function.invoke(b"%d" % n, f"r{n}") for n in range(12)))
            events = [
                json.loads(answer.payload)["event"] for answer in answers if isinstance(answer, Returned)
            ]
            assert events == list(range(12))

    asyncio.run(scene())
