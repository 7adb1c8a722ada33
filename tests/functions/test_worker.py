from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from functions.python_function import Listened, python_function, run
from gateline.functions.answer import Failed, Fault
from gateline.functions.python_worker import SCRIPT
from gateline.processes.isolation import NOBODY_ELSE, own_user, uid_of

PYTHONS: Final = {
    int(path.name.removeprefix("python3.")): path
    for folder in (Path("/usr/bin"), *Path(sys.base_prefix).parent.glob("3.*/bin"))
    for path in folder.glob("python3.*")
    if re.fullmatch(r"python3\.([89]|1\d)", path.name)
}
"""The Pythons of this machine by their minor version."""

OLDEST_AND_NEWEST: Final = [
    PYTHONS[minor] for minor in sorted({min(PYTHONS, default=0), max(PYTHONS, default=0)} & PYTHONS.keys())
]

SYSTEM_PYTHON: Final = "/usr/bin/python3"


def can_be_isolated() -> bool:
    """Whether another user can run Gateline's worker with the system's Python."""
    needs = [Path(SYSTEM_PYTHON), SCRIPT]
    return (
        os.geteuid() == 0 and asyncio.run(own_user(uid_of(Path("/scratch"), "fn"), needs))[0] != NOBODY_ELSE
    )


def test_an_event_becomes_an_answer(tmp_path: Path) -> None:
    async def scenario(functions: Listened) -> None:
        event = {"a": [1, None, "é"], "b": {"c": True}}
        assert await functions.returned(event) == {"got": event}

    run(tmp_path, scenario, python_function(tmp_path / "code", "def handler(e, c): return {'got': e}"))


def test_the_context_is_lambda_s(tmp_path: Path) -> None:
    source = """
def handler(event, context):
    left = context.get_remaining_time_in_millis()
    return [context.aws_request_id, context.function_name, context.function_version,
        context.memory_limit_in_mb, context.invoked_function_arn, context.log_group_name,
        context.log_stream_name[:18], context.identity.cognito_identity_id, context.client_context,
        type(left).__name__, 0 < left <= 10_000]
"""

    async def scenario(functions: Listened) -> None:
        assert await functions.returned(request_id="r7") == [
            "r7",
            "fn",
            "$LATEST",
            "256",
            "arn:aws:lambda:us-east-1:000000000000:function:fn",
            "/aws/lambda/fn",
            "gateline/[$LATEST]",
            None,
            None,
            "int",
            True,
        ]
        answer = await functions.invoke(
            "fn", b"{}", request_id="r8", invoked_arn="arn:aws:lambda:x:1:function:fn:live"
        )
        assert b"arn:aws:lambda:x:1:function:fn:live" in getattr(answer, "payload", b"")

    run(tmp_path, scenario, python_function(tmp_path / "code", source, memory_size=256))


def test_logs_and_prints_are_told_with_their_request_as_lambda_writes_them(tmp_path: Path) -> None:
    source = """
import logging, sys
logging.getLogger().setLevel(logging.INFO)
print("importing")
def handler(event, context):
    logging.info("hello %s", event)
    print("oh", file=sys.stderr)
    context.log("plain")
    print("no end", end="")
"""

    async def scenario(functions: Listened) -> None:
        assert await functions.returned("you", "r1") is None
        assert await functions.returned("me", "r2") is None

    heard = run(tmp_path, scenario, python_function(tmp_path / "code", source))
    assert heard.lines("stderr") == [("r1", "oh"), ("r2", "oh")]
    lines = heard.lines()
    assert [(lines[0]), *lines[2:4]] == [("", "importing"), ("r1", "plain"), ("r1", "no end")]
    assert re.fullmatch(r"\[INFO\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\tr1\thello you", lines[1][1]), (
        lines[1]
    )
    assert {request_id for request_id, _ in lines[4:]} == {"r2"}


def test_an_exception_is_lambda_s_error_object_with_the_function_s_own_frames(tmp_path: Path) -> None:
    source = """
class Refused(Exception):
    pass
def inner():
    raise Refused("Unauthorized")
def handler(event, context):
    inner()
"""

    async def scenario(functions: Listened) -> None:
        error = await functions.raised()
        assert {**error, "stackTrace": []} == {
            "errorMessage": "Unauthorized",
            "errorType": "Refused",
            "requestId": "r1",
            "stackTrace": [],
        }
        assert [re.findall(r"app.py\", line \d+, in (\w+)", line) for line in error["stackTrace"]] == [
            ["handler"],
            ["inner"],
        ]

    heard = run(tmp_path, scenario, python_function(tmp_path / "code", source))
    assert heard.lines()[0] == ("r1", "[ERROR] Refused: Unauthorized")


def test_results_are_encoded_as_lambda_encodes_them(tmp_path: Path) -> None:
    source = r"""
import decimal
def handler(event, context):
    return {
        "decimal": [decimal.Decimal("1.5"), decimal.Decimal("7")],
        "bytes": b'{"as": "they are"}',
        "unserialisable": {1, 2},
        "circle": [],
        "surrogate": "\ud800",
        "tuple": (1, 2),
    }[event]
"""

    async def scenario(functions: Listened) -> None:
        assert await functions.returned("decimal") == [1.5, 7]
        assert await functions.returned("bytes") == {"as": "they are"}
        assert await functions.returned("tuple") == [1, 2]
        for event in ("unserialisable", "surrogate"):
            error = await functions.raised(event)
            assert error["errorType"] == "Runtime.MarshalError"
            assert error["errorMessage"].startswith("Unable to marshal response: ")
            assert error["stackTrace"] == []

    run(tmp_path, scenario, python_function(tmp_path / "code", source))


def test_an_event_that_is_no_json_is_an_error_of_its_own(tmp_path: Path) -> None:
    async def scenario(functions: Listened) -> None:
        for event in (b"{", b"\xff", b"[" * 100_000):
            answer = await functions.invoke("fn", event, request_id="r1")
            assert b"Runtime.UnmarshalError" in getattr(answer, "payload", b"")

    run(tmp_path, scenario, python_function(tmp_path / "code", "def handler(e, c): return 1"))


@pytest.mark.parametrize(
    ("handler", "source", "words"),
    [
        ("app", "", "Runtime.MalformedHandlerName: Bad handler 'app'"),
        (
            "nothing.handler",
            "",
            "Runtime.ImportModuleError: Unable to import module 'nothing': No module named",
        ),
        ("app.handler", "import missing_module", "Unable to import module 'app': No module named 'missing_module'"),
        ("app.handler", "def handler(:", "Runtime.UserCodeSyntaxError: Syntax error in module 'app'"),
        ("app.handler", "x = 1", "Runtime.HandlerNotFound: Handler 'handler' missing on module 'app'"),
        ("app.handler", "def f(): 1 / 0\nf()", "ZeroDivisionError: division by zero\n"),
        ("app.handler", "import sys; sys.exit(3)", "the process ended with status 3"),
        ("app.handler", "import os; os._exit(4)", "the process ended with status 4"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_is_told_to_the_operator_and_answered(
    tmp_path: Path, handler: str, source: str, words: str
) -> None:
    async def scenario(functions: Listened) -> None:
        answer = await functions.ask()
        assert isinstance(answer, Failed)
        assert answer.fault is Fault.NOT_STARTED
        assert words in answer.detail
        assert functions.troubles == [answer.detail]

    heard = run(tmp_path, scenario, python_function(tmp_path / "code", source, handler=handler))
    if "ZeroDivision" in words:
        assert 'app.py", line 1, in f' in heard.troubles[0]


@pytest.mark.parametrize("handler", ["in/side/app.handler", "in.side.app.handler"])
def test_a_handler_may_lie_in_folders_and_packages(tmp_path: Path, handler: str) -> None:
    python_function(tmp_path / "code/in/side", "def handler(e, c): return __name__")

    async def scenario(functions: Listened) -> None:
        assert await functions.returned() == "in.side.app"

    run(tmp_path, scenario, python_function(tmp_path / "code", "", handler=handler))


def test_code_comes_before_layers_and_the_last_layer_first(tmp_path: Path) -> None:
    zipped = tmp_path / "one.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        for name in ("a", "b", "app"):
            archive.writestr(f"python/{name}.py", "where = 'one'")
    (tmp_path / "two/python").mkdir(parents=True)
    (tmp_path / "two/python/b.py").write_text("where = 'two'")
    source = (
        "import a, b, os, json\ndef handler(e, c): return [a.where, b.where, os.getcwd(), list(os.listdir())]"
    )
    function = python_function(tmp_path / "code", source, layers=(str(zipped), str(tmp_path / "two")))

    async def scenario(functions: Listened) -> None:
        assert await functions.returned() == ["one", "two", str(tmp_path / "code"), ["app.py"]]

    run(tmp_path, scenario, function)


def test_nothing_of_gateline_is_importable_by_accident(tmp_path: Path) -> None:
    source = """
import sys, os
def handler(event, context):
    return [name for name in ("tether", "runner", "answer", "pool") if name in sys.modules
        or any(os.path.exists(os.path.join(path, name + ".py")) for path in sys.path)]
"""

    async def scenario(functions: Listened) -> None:
        assert await functions.returned() == []

    run(tmp_path, scenario, python_function(tmp_path / "code", source))


def test_the_environment_is_lambda_s_and_the_declared_one(tmp_path: Path) -> None:
    source = "import os\ndef handler(e, c): return dict(os.environ)"
    function = python_function(tmp_path / "code", source, environment=(("ISSUER", "x"),))

    async def scenario(functions: Listened) -> None:
        found = await functions.returned()
        assert found["ISSUER"] == "x"
        assert found["_HANDLER"] == "app.handler"
        assert "API_GATEWAY_SECRET" not in found
        assert not [name for name in found if "GATELINE" in name]

    run(tmp_path, scenario, function, environ={"API_GATEWAY_SECRET": "s", "PATH": os.environ["PATH"]})


@pytest.mark.parametrize("python", OLDEST_AND_NEWEST, ids=lambda path: path.name)
def test_every_python_since_3_8_runs_it(tmp_path: Path, python: Path) -> None:
    source = """
import logging, sys
def handler(event, context):
    logging.warning("warned")
    if event == "raise":
        raise ValueError("no")
    return sys.version_info[:2]
"""

    async def scenario(functions: Listened) -> None:
        version = await functions.returned()
        assert f"python{version[0]}.{version[1]}" == python.name
        assert (await functions.raised("raise"))["errorType"] == "ValueError"

    run(tmp_path, scenario, python_function(tmp_path / "code", source, interpreter=str(python)))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may pass, as pytest's are not."""
    folder = Path(tempfile.mkdtemp(prefix="gateline-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def test_as_root_a_function_is_another_user_and_reads_no_other_function_s_zip(open_folder: Path) -> None:
    if not can_be_isolated():
        pytest.skip("needs root, and a Python that all users can run")
    zipped = open_folder / "code.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("app.py", "import os\ndef handler(e, c): return [os.getuid(), os.listdir(e)]")
    function = python_function(open_folder / "x", "", code=str(zipped), interpreter=SYSTEM_PYTHON)
    other = replace(function, name="other")

    async def scenario(functions: Listened) -> None:
        await functions.configure((function, other), {})
        ours, _ = await functions.returned("/")
        theirs, _ = await functions.returned("/", name="other")
        assert len({os.getuid(), ours, theirs}) == 3
        places = {path.name.partition("-")[0]: str(path) for path in functions.scratch.iterdir()}
        assert await functions.returned(places["fn"] + "/code") == [ours, ["app.py"]]
        assert (await functions.raised(places["other"]))["errorType"] == "PermissionError"

    assert run(open_folder, scenario).troubles == []


def test_the_largest_payloads_pass_and_larger_ones_do_not(tmp_path: Path) -> None:
    largest = 6_291_556
    source = "def handler(e, c): return 'x' * (e if isinstance(e, int) else len(e))"

    async def scenario(functions: Listened) -> None:
        assert len(await functions.returned("x" * (largest - 2))) == largest - 2
        for event in ("x" * (largest - 1), largest - 1):
            answer = await functions.ask(event)
            assert isinstance(answer, Failed)
            assert answer.fault is Fault.TOO_LARGE
        assert await functions.returned(3) == "xxx"

    run(tmp_path, scenario, python_function(tmp_path / "code", source))


def test_json_text_is_what_it_says(tmp_path: Path) -> None:
    async def scenario(functions: Listened) -> None:
        answer = await functions.ask({"é": "ü"})
        assert json.loads(getattr(answer, "payload", b"")) == {"é": "ü"}

    run(tmp_path, scenario, python_function(tmp_path / "code", "def handler(e, c): return e"))
