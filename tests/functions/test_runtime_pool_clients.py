"""Amazon's own clients of the Runtime API, unmodified, against ours."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from gateline.functions.answer import Failed, Fault, Raised, Returned
from gateline.functions.runtime_program import program
from gateline.functions.staging import Staged
from harness.runtime_function import ARN, a_function, running

PYTHON = f'#!/bin/sh\nexec {sys.executable} -m awslambdaric "$_HANDLER"\n'

HANDLER_PY = """
import json, logging, os
logging.getLogger().setLevel("INFO")

def handler(event, context):
    if event == "raise":
        raise Exception("Unauthorized")
    if event == "large":
        return "x" * 6_300_000
    if event == "exit":
        os._exit(4)
    print("printed")
    logging.info("logged")
    left = context.get_remaining_time_in_millis()
    return [event, context.aws_request_id, context.invoked_function_arn, 0 < left <= 20_000]
"""

needs_awslambdaric = pytest.mark.skipif(
    importlib.util.find_spec("awslambdaric") is None or importlib.util.find_spec("runtime_client") is None,
    reason="awslambdaric with its native part does not install on this platform",
)


@needs_awslambdaric
def test_awslambdaric_runs_unmodified(tmp_path: Path) -> None:
    async def scene() -> None:
        files = {"bootstrap": PYTHON, "app.py": HANDLER_PY}
        async with running(tmp_path, files, handler="app.handler") as function:
            answer = await function.invoke('["ü", 1]'.encode(), "one")
            assert isinstance(answer, Returned)
            assert json.loads(answer.payload) == [["ü", 1], "one", ARN, True]
            await function.until(lambda: any(text == "printed" for _, text in function.said))
            await function.until(lambda: any("logged" in text for _, text in function.said))
            error = await function.invoke(b'"raise"')
            assert isinstance(error, Raised)
            assert (error.message, error.error_type) == ("Unauthorized", "Exception")
            assert "app.py" in json.loads(error.payload)["stackTrace"][0]
            large = await function.invoke(b'"large"')
            assert isinstance(large, Failed)
            assert large.fault is Fault.TOO_LARGE
            assert await function.invoke(b'"exit"') == Failed(Fault.CRASHED, "ended with status 4")
            assert isinstance(await function.invoke(b"2"), Returned)

    asyncio.run(scene())


@needs_awslambdaric
def test_awslambdaric_tells_an_import_error_with_its_text(tmp_path: Path) -> None:
    async def scene() -> None:
        files = {"bootstrap": PYTHON, "app.py": "import nowhere\n"}
        async with running(tmp_path, files, handler="app.handler") as function:
            answer = await function.invoke(b"1")
            assert isinstance(answer, Failed)
            assert answer.fault is Fault.NOT_STARTED
            wanted = "Runtime.ImportModuleError: Unable to import module 'app': No module named 'nowhere'"
            assert answer.detail.startswith(wanted)
            assert any(text.startswith(wanted) for text in function.troubles)

    asyncio.run(scene())


HANDLER_MJS = """
export const handler = async (event, context) => {
  if (event === "raise") throw new Error("Unauthorized");
  if (event === "large") return "x".repeat(6_300_000);
  console.log("printed");
  return [event, context.awsRequestId, context.invokedFunctionArn, context.getRemainingTimeInMillis() > 0];
};
"""


def modules_with_client() -> Path | None:
    """A node_modules with a built aws-lambda-ric: what GATELINE_AWS_LAMBDA_RIC names, or node's global one."""
    node = shutil.which("node")
    if node is None:
        return None
    named = Path(os.environ.get("GATELINE_AWS_LAMBDA_RIC", os.devnull))
    staged = Staged(folder=named, code=named.parent, layers=())
    found = program(a_function(runtime="nodejs22.x"), staged, str(Path(node).parent)).arguments[1]
    return next((place for place in Path(found).parents if place.name == "node_modules"), None)


@pytest.mark.skipif(
    modules_with_client() is None,
    reason="no aws-lambda-ric: npm install it (one minute; node 22, a C++ compiler and cmake) and name the"
    " node_modules in GATELINE_AWS_LAMBDA_RIC",
)
def test_aws_lambda_ric_runs_unmodified(tmp_path: Path) -> None:
    async def scene() -> None:
        modules = modules_with_client()
        assert modules is not None
        layer = tmp_path / "layer" / "nodejs"
        layer.mkdir(parents=True)
        (layer / "node_modules").symlink_to(modules)
        changed = {"runtime": "nodejs22.x", "handler": "index.handler", "layers": (str(layer.parent),)}
        async with running(tmp_path, {"index.mjs": HANDLER_MJS}, **changed) as function:
            answer = await function.invoke('["ü", 1]'.encode(), "one")
            assert isinstance(answer, Returned)
            assert json.loads(answer.payload) == [["ü", 1], "one", ARN, True]
            await function.until(lambda: any("printed" in text for _, text in function.said))
            error = await function.invoke(b'"raise"')
            assert isinstance(error, Raised)
            assert (error.message, error.error_type) == ("Unauthorized", "Error")
            large = await function.invoke(b'"large"')
            assert isinstance(large, Failed)
            assert large.fault is Fault.TOO_LARGE

    asyncio.run(scene())
