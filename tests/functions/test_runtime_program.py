from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateline.functions.pool import NotStarted
from gateline.functions.runtime_program import NODE_BOOTSTRAP, program
from gateline.functions.staging import Staged
from gateline.model.function import Function
from harness.runtime_function import a_function, write

CLIENT = {
    "aws-lambda-ric/package.json": json.dumps({"bin": {"aws-lambda-ric": "bin/index.mjs"}}),
    "aws-lambda-ric/bin/index.mjs": "",
    "aws-lambda-ric/dist/rapid-client.node": "",
}


def staged(folder: Path) -> Staged:
    return Staged(folder=folder, code=folder / "code", layers=(folder / "layer0", folder / "layer1"))


@pytest.fixture
def a_node(tmp_path: Path) -> str:
    """What looks like node, in a prefix of its own."""
    write(tmp_path, {"prefix/bin/node": ""})
    (tmp_path / "prefix/bin/node").chmod(0o755)
    return str(tmp_path / "prefix/bin/node")


def a_node_function(node: str) -> Function:
    return a_function(runtime="nodejs20.x", handler="index.handler", interpreter=node)


def test_the_bootstrap_of_the_code_comes_before_those_of_layers(tmp_path: Path) -> None:
    write(tmp_path, {"code/bootstrap": "", "layer0/bootstrap": "", "layer1/bootstrap": ""})
    function = a_function(runtime="provided.al2023")
    assert program(function, staged(tmp_path), "").arguments == (f"{tmp_path}/code/bootstrap",)
    (tmp_path / "code/bootstrap").unlink()
    assert program(function, staged(tmp_path), "").arguments == (f"{tmp_path}/layer1/bootstrap",)


@pytest.mark.parametrize("runtime", ["provided", "java21", "ruby3.4", "dotnet8", "go1.x", ""])
def test_any_other_runtime_is_run_by_its_bootstrap_or_not_at_all(tmp_path: Path, runtime: str) -> None:
    write(tmp_path, {"code/index.rb": ""})
    with pytest.raises(
        NotStarted, match=f"{runtime or 'provided'} needs a file `bootstrap` in .*, and there is none"
    ):
        program(a_function(runtime=runtime, code=str(tmp_path / "code")), staged(tmp_path), "")
    write(tmp_path, {"code/bootstrap": ""})
    assert program(a_function(runtime=runtime), staged(tmp_path), "").arguments == (
        f"{tmp_path}/code/bootstrap",
    )


def test_an_interpreter_runs_a_bootstrap_that_is_not_executable(tmp_path: Path) -> None:
    write(tmp_path, {"code/bootstrap": ""})
    (tmp_path / "code/bootstrap").chmod(0o644)
    with pytest.raises(NotStarted, match="not executable"):
        program(a_function(), staged(tmp_path), "")
    found = program(a_function(interpreter="/bin/sh"), staged(tmp_path), "")
    assert found.arguments == ("/bin/sh", f"{tmp_path}/code/bootstrap")
    assert found.needs == (Path("/bin/sh"),)


def test_node_is_found_on_the_path_and_runs_our_bootstrap(tmp_path: Path, a_node: str) -> None:
    found = program(a_node_function(""), staged(tmp_path), str(Path(a_node).parent))
    assert found.arguments == (a_node, str(NODE_BOOTSTRAP))
    assert NODE_BOOTSTRAP.is_file()
    assert found.environment["LAMBDA_RUNTIME_DIR"] == str(NODE_BOOTSTRAP.parent)
    assert found.environment["NODE_PATH"].split(":") == [
        f"{tmp_path}/layer1/nodejs/node_modules",
        f"{tmp_path}/layer0/nodejs/node_modules",
    ]


def test_without_node_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="needs node, which is not on the PATH"):
        program(a_node_function(""), staged(tmp_path), str(tmp_path))


@pytest.mark.parametrize(
    "place",
    [
        "code/node_modules",
        "layer0/nodejs/node_modules",
        "layer1/nodejs/node_modules",
        "prefix/lib/node_modules",
    ],
)
def test_amazon_s_own_client_runs_wherever_it_is_installed(tmp_path: Path, a_node: str, place: str) -> None:
    write(tmp_path / place, CLIENT)
    found = program(a_node_function(a_node), staged(tmp_path), "")
    client = tmp_path / place / "aws-lambda-ric"
    assert found.arguments == (a_node, str(client / "bin/index.mjs"), "index.handler")
    assert found.needs == (Path(a_node), client)


@pytest.mark.parametrize("damage", ["dist/rapid-client.node", "bin/index.mjs", "package.json"])
def test_a_client_that_was_not_built_is_left_alone(tmp_path: Path, a_node: str, damage: str) -> None:
    write(tmp_path / "code/node_modules", CLIENT)
    (tmp_path / "code/node_modules/aws-lambda-ric" / damage).unlink()
    assert program(a_node_function(a_node), staged(tmp_path), "").arguments == (a_node, str(NODE_BOOTSTRAP))


@pytest.mark.parametrize("text", ["{", "[]", '{"bin": "index.mjs"}', "{}"])
def test_a_package_that_says_nothing_of_use_is_left_alone(tmp_path: Path, a_node: str, text: str) -> None:
    write(tmp_path / "code/node_modules", CLIENT | {"aws-lambda-ric/package.json": text})
    assert program(a_node_function(a_node), staged(tmp_path), "").arguments == (a_node, str(NODE_BOOTSTRAP))
