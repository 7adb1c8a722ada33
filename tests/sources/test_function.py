from __future__ import annotations

import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from gateline.model.diagnostic import Severity
from gateline.model.function import Function, FunctionKind
from gateline.model.origin import Origin
from gateline.sources import Loaded

from .conftest import LoadProject, said

APIS = "apis: {one: {definition: api.json}}\n"
UNUSED = "GL221"


def complaints(loaded: Loaded) -> list[str]:
    """What is said, but for functions that nobody uses."""
    return [line for line in said(loaded) if not line.startswith(UNUSED)]


def the_function(loaded: Loaded) -> Function:
    assert loaded.gateway is not None, said(loaded)
    (function,) = loaded.gateway.functions
    return function


def test_everything_that_is_written_arrives(load_project: LoadProject, tmp_path: Path) -> None:
    project = """
functions:
  authorizer:live:
    handler: lib/authorizer.handler
    code: functions/authorizer
    runtime: python3.12
    interpreter: venv/python
    layers: [one.zip, two]
    timeout: ${env:SECONDS}
    memory_size: 256
    environment: {ISSUER: "${env:ISSUER}"}
    concurrency: {minimum: 0, maximum: 9}
"""
    files = {"gateline.yaml": APIS + project, "functions/authorizer/x": "", "two/x": ""}
    files |= {"venv/python": "", "one.zip": ""}
    loaded = load_project(files, environ={"SECONDS": "7", "ISSUER": "https://id.example.com"})
    assert complaints(loaded) == []
    assert the_function(loaded) == Function(
        name="authorizer:live",
        kind=FunctionKind.PYTHON,
        handler="lib/authorizer.handler",
        code=str(tmp_path / "functions" / "authorizer"),
        runtime="python3.12",
        interpreter=str(tmp_path / "venv" / "python"),
        layers=(str(tmp_path / "one.zip"), str(tmp_path / "two")),
        timeout=timedelta(seconds=7),
        memory_size=256,
        environment=(("ISSUER", "https://id.example.com"),),
        minimum=0,
        maximum=9,
        origin=Origin("gateline.yaml", ("functions", "authorizer:live")),
    )


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("{handler: a.b, code: a.py}", FunctionKind.PYTHON),
        ("{handler: a.b, code: a.py, runtime: python3.9}", FunctionKind.PYTHON),
        ("{handler: a.b, code: a.py, runtime: nodejs22.x}", FunctionKind.RUNTIME_API),
        ("{code: a.py, runtime: provided.al2023}", FunctionKind.RUNTIME_API),
        ("{handler: 'com.acme.H::run', code: a.py, runtime: java21}", FunctionKind.RUNTIME_API),
        ("{url: 'http://127.0.0.1:9001/f'}", FunctionKind.URL),
        ("{arn: 'arn:aws:lambda:eu-west-1:123456789012:function:f', timeout: 5}", FunctionKind.ARN),
    ],
)
def test_the_kind_follows_from_what_is_written(
    load_project: LoadProject, written: str, kind: FunctionKind
) -> None:
    loaded = load_project({"gateline.yaml": f"{APIS}functions: {{f: {written}}}", "a.py": ""})
    assert complaints(loaded) == []
    assert the_function(loaded).kind is kind


def test_a_function_that_says_nothing_more_has_the_defaults(load_project: LoadProject) -> None:
    loaded = load_project(
        {"gateline.yaml": APIS + "functions: {f: {handler: a.b, code: lib}}", "lib/a.py": ""}
    )
    function = the_function(loaded)
    assert (function.timeout, function.memory_size) == (timedelta(seconds=3), 128)
    assert (function.minimum, function.maximum) == (1, 4)
    assert (function.runtime, function.interpreter, function.layers) == ("python3", "", ())


def test_paths_are_relative_to_the_file_that_writes_them(load_project: LoadProject, tmp_path: Path) -> None:
    files = {
        "gateline.yaml": APIS + "include: [team/*.yaml]",
        "team/f.yaml": "functions: {f: {handler: a.b, code: code, layers: [../layer]}}",
        "team/code/a.py": "",
        "layer/x": "",
    }
    function = the_function(load_project(files))
    assert function.code == str(tmp_path / "team" / "code")
    assert function.layers == (str(tmp_path / "layer"),)


@pytest.mark.parametrize("checking", [True, False])
def test_what_is_not_there_is_told_and_watched(
    load_project: LoadProject, tmp_path: Path, *, checking: bool
) -> None:
    project = "functions: {f: {handler: a.b, code: code, interpreter: venv/python, layers: [l.zip]}}"
    loaded = load_project(APIS + project, checking=checking)
    assert [line.partition(" ")[2].partition(" ")[2] for line in complaints(loaded)] == [
        "functions.f.code names code, which is not there",
        "functions.f.layers[0] names l.zip, which is not there",
        "functions.f.interpreter names venv/python, which is not there",
    ]
    assert {line[:5] for line in complaints(loaded)} == {"GL213"}
    assert loaded.report.error_count == (0 if checking else 3)
    assert {tmp_path / "code", tmp_path / "l.zip", tmp_path / "venv" / "python"} <= loaded.files


@pytest.mark.parametrize(
    ("handler", "files"),
    [
        ("authorizer.handler", ["code/authorizer.py"]),
        ("lib.authorizer.handler", ["code/lib/authorizer.py"]),
        ("lib/authorizer.handler", ["code/lib/authorizer.py"]),
        ("authorizer.handler", ["code/authorizer/__init__.py"]),
    ],
)
def test_the_file_of_a_handler_is_found(load_project: LoadProject, handler: str, files: list[str]) -> None:
    project = APIS + f"functions: {{f: {{handler: {handler}, code: code}}}}"
    loaded = load_project({"gateline.yaml": project, **dict.fromkeys(files, "")})
    assert complaints(loaded) == []


def test_a_handler_without_its_file_is_told_with_the_one_that_is_there(
    load_project: LoadProject, tmp_path: Path
) -> None:
    project = APIS + "functions: {f: {handler: authorizer.handler, code: code}}"
    loaded = load_project({"gateline.yaml": project, "code/authoriser.py": ""})
    assert complaints(loaded) == [
        (
            "GL225 gateline.yaml:2:26 functions.f.handler is 'authorizer.handler', "
            "but there is no authorizer.py in code"
        )
    ]
    (told,) = (d for d in loaded.report.diagnostics if d.code.name == "GL225")
    assert told.help == "did you mean 'authoriser.handler'?"
    assert told.severity is Severity.ERROR
    assert tmp_path / "code" / "authorizer.py" in loaded.files


def test_a_handler_without_any_file_is_explained(load_project: LoadProject) -> None:
    project = APIS + "functions: {f: {handler: a.b, code: code}}"
    loaded = load_project({"gateline.yaml": project, "code/readme": ""})
    (told,) = (d for d in loaded.report.diagnostics if d.code.name == "GL225")
    assert told.help == "'a.b' means the function 'b' of the file a.py"


def test_a_layer_may_hold_the_handler(load_project: LoadProject) -> None:
    project = APIS + "functions: {f: {handler: wrapper.handler, code: code, layers: [layer]}}"
    files = {"gateline.yaml": project, "code/x.py": "", "layer/python/wrapper.py": ""}
    assert complaints(load_project(files)) == []


def test_the_handler_of_a_single_file_is_of_that_file(load_project: LoadProject) -> None:
    project = APIS + "functions: {f: {handler: b.handler, code: a.py}}"
    (told,) = complaints(load_project({"gateline.yaml": project, "a.py": ""}))
    assert told.endswith("but there is no b.py in a.py")


@pytest.mark.parametrize(
    ("held", "expected"), [(["a.py"], []), (["a/__init__.py"], []), (["src/a.py"], ["GL225"])]
)
def test_the_handler_is_looked_for_in_a_zip(
    load_project: LoadProject, tmp_path: Path, held: list[str], expected: list[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        for name in held:
            archive.writestr(name, "")
    loaded = load_project(APIS + "functions: {f: {handler: a.b, code: f.zip}}")
    assert [line[:5] for line in complaints(loaded)] == expected
    assert tmp_path / "f.zip" in loaded.files


def test_a_file_that_is_no_zip_holds_no_handler(load_project: LoadProject) -> None:
    project = APIS + "functions: {f: {handler: a.b, code: f.zip}, g: {handler: a.b, code: a}}"
    loaded = load_project({"gateline.yaml": project, "f.zip": "not a zip", "a": ""})
    assert [line[:5] for line in complaints(loaded)] == ["GL225", "GL225"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{handler: a.b}", "a function has exactly one of code, url and arn"),
        ("{code: c, url: 'http://h/'}", "a function has exactly one of code, url and arn"),
        ("{code: c}", "a function with code needs a handler"),
        ("{code: c, handler: handler}", "the handler of a Python function is FILE.FUNCTION; it is 'handler'"),
        ("{code: c, handler: ../a.b}", "the handler of a Python function is FILE.FUNCTION; it is '../a.b'"),
        (
            "{url: 'http://h/', handler: a.b, layers: [l]}",
            "handler, layers belong to a function with code, not to one with url or arn",
        ),
    ],
)
def test_keys_that_do_not_fit_are_told(load_project: LoadProject, written: str, expected: str) -> None:
    (line,) = complaints(load_project(APIS + f"functions: {{f: {written}}}"))
    assert line.startswith("GL207")
    assert line.endswith(f"functions.f: {expected}")


def test_a_minimum_above_the_maximum_is_told(load_project: LoadProject) -> None:
    project = APIS + "functions: {f: {url: 'http://h/', concurrency: {minimum: 5}}}"
    (line,) = complaints(load_project(project))
    assert line.startswith("GL207")
    assert line.endswith("functions.f.concurrency: minimum must not be larger than maximum, which is 4")


@pytest.mark.parametrize("value", ["hunter2", "[hunter2]", "2"])
def test_a_value_of_the_environment_is_never_repeated(load_project: LoadProject, value: str) -> None:
    project = APIS + f"functions: {{f: {{url: 'http://h/', environment: {{KEY: {value}}}}}}}"
    assert not any("hunter2" in line for line in said(load_project(project)))
