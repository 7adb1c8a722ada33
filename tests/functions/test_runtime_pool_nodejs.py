"""Handlers of Node.js, run by our own bootstrap."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from gateline.functions import runtime_program
from gateline.functions.answer import Answer, Failed, Fault, Raised, Returned
from harness.runtime_function import ARN, RunningFunction, running

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")

NODE = {"runtime": "nodejs20.x"}


@pytest.fixture(autouse=True)
def _no_other_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave an aws-lambda-ric that is installed on this machine alone."""
    monkeypatch.setattr(runtime_program, "_global_modules", lambda _: ())


def answers(
    folder: Path, files: dict[str, str], *events: object, handler: str = "index.handler"
) -> list[Answer]:
    """What a handler answers to these events, one after the other."""

    async def scene() -> list[Answer]:
        async with running(folder, files, handler=handler, **NODE) as function:
            return [await function.invoke(json.dumps(event).encode(), "one") for event in events]

    return asyncio.run(scene())


def value(answer: Answer) -> object:
    """What was returned."""
    assert isinstance(answer, Returned), answer
    return json.loads(answer.payload)


FORMS = {
    "async": "exports.handler = async (event) => ({ got: event });",
    "promise": "exports.handler = (event) => new Promise((done) => setTimeout(() => done({ got: event }), 1));",
    "callback": "exports.handler = (event, context, callback) => callback(null, { got: event });",
    "late callback": "exports.handler = (e, c, callback) => { setTimeout(() => callback(null, { got: e }), 1); };",
    "done": "exports.handler = (event, context) => context.done(null, { got: event });",
    "succeed": "exports.handler = (event, context) => { context.succeed({ got: event }); };",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_handler_answers(tmp_path: Path, form: str) -> None:
    found = answers(tmp_path, {"index.js": FORMS[form]}, "ü", 7)
    assert [value(answer) for answer in found] == [{"got": "ü"}, {"got": 7}]


ERRORS = {
    "async": "exports.handler = async () => { throw new TypeError('Unauthorized'); };",
    "promise": "exports.handler = () => Promise.reject(new TypeError('Unauthorized'));",
    "throws": "exports.handler = () => { throw new TypeError('Unauthorized'); };",
    "callback": "exports.handler = (event, context, callback) => callback(new TypeError('Unauthorized'));",
    "fail": "exports.handler = (event, context) => context.fail(new TypeError('Unauthorized'));",
    "done": "exports.handler = (event, context) => context.done(new TypeError('Unauthorized'));",
}


@pytest.mark.parametrize("form", ERRORS)
def test_every_form_of_handler_raises(tmp_path: Path, form: str) -> None:
    for answer in answers(tmp_path, {"index.js": ERRORS[form]}, 1, 2):
        assert isinstance(answer, Raised)
        assert (answer.message, answer.error_type) == ("Unauthorized", "TypeError")
        assert json.loads(answer.payload)["trace"][0] == "TypeError: Unauthorized"


@pytest.mark.parametrize(
    ("thrown", "kind", "message"),
    [("'Unauthorized'", "string", "Unauthorized"), ("null", "string", "null"), ("7", "number", "7")],
)
def test_what_is_thrown_without_being_an_error_becomes_one(
    tmp_path: Path, thrown: str, kind: str, message: str
) -> None:
    [answer] = answers(tmp_path, {"index.js": f"exports.handler = async () => {{ throw {thrown}; }};"}, 1)
    assert isinstance(answer, Raised)
    assert json.loads(answer.payload) == {"errorType": kind, "errorMessage": message, "trace": []}


def test_a_callback_with_the_word_of_authorizers_is_an_error_with_that_message(tmp_path: Path) -> None:
    [answer] = answers(tmp_path, {"index.js": "exports.handler = (e, c, cb) => cb('Unauthorized');"}, 1)
    assert isinstance(answer, Raised)
    assert answer.message == "Unauthorized"


def test_a_callback_waits_for_the_event_loop_unless_told_not_to(tmp_path: Path) -> None:
    handler = """
        let late = 0;
        exports.handler = (event, context, callback) => {
            context.callbackWaitsForEmptyEventLoop = event;
            const answer = { get late() { return late; } };
            setTimeout(() => { late += 1; }, event ? 20 : 600000);
            callback(null, answer);
            callback(null, "a second time");
        };
    """
    found = answers(tmp_path, {"index.js": handler}, True, False)
    assert [value(answer) for answer in found] == [{"late": 1}, {"late": 1}]


def test_a_handler_that_never_answers_returns_null_when_nothing_is_left_to_do(tmp_path: Path) -> None:
    files = {"index.js": "exports.handler = (event) => event ? undefined : new Promise(() => {});"}
    assert [value(answer) for answer in answers(tmp_path, files, 1, 0, 1)] == [None, None, None]


def test_nothing_and_what_has_no_json_is_null_and_a_circle_is_an_error(tmp_path: Path) -> None:
    handler = """
        const circle = {}; circle.circle = circle;
        exports.handler = async (event) => [undefined, () => 1, circle][event];
    """
    nothing, function, circle = answers(tmp_path, {"index.js": handler}, 0, 1, 2)
    assert (value(nothing), value(function)) == (None, None)
    assert isinstance(circle, Raised)
    assert circle.error_type == "TypeError"


MODULE = "export const handler = async () => import.meta.url.split('/').pop();"
COMMON = "exports.handler = async () => require('path').basename(__filename);"
PLACES = {
    "mjs": ({"index.mjs": MODULE}, "index.handler", "index.mjs"),
    "cjs": ({"index.cjs": COMMON}, "index.handler", "index.cjs"),
    "js of a module": (
        {"index.js": MODULE, "package.json": '{"type": "module"}'},
        "index.handler",
        "index.js",
    ),
    "folder": ({"src/deep/app.js": COMMON}, "src/deep/app.handler", "app.js"),
    "module in a folder": ({"src/app.mjs": MODULE}, "src/app.handler", "app.mjs"),
    "package.json above": (
        {"src/app.js": MODULE, "package.json": '{"type": "module"}'},
        "src/app.handler",
        "app.js",
    ),
    "nested export": ({"index.js": "exports.a = {b: async () => 'nested'};"}, "index.a.b", "nested"),
    "default export": ({"index.mjs": "export default {handler: async () => 'd'};"}, "index.handler", "d"),
    "index of a folder": ({"app/index.js": COMMON}, "app.handler", "index.js"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_handler_is_found_wherever_it_may_be(tmp_path: Path, place: str) -> None:
    files, handler, wanted = PLACES[place]
    [answer] = answers(tmp_path, files, 1, handler=handler)
    assert value(answer) == wanted


def test_modules_of_layers_are_found(tmp_path: Path) -> None:
    package = tmp_path / "layer/nodejs/node_modules/greeting"
    package.mkdir(parents=True)
    (package / "index.js").write_text("module.exports = 'hello';")

    async def scene() -> Answer:
        files = {"index.js": "const greeting = require('greeting'); exports.handler = async () => greeting;"}
        layers = (str(tmp_path / "layer"),)
        async with running(tmp_path, files, handler="index.handler", layers=layers, **NODE) as function:
            return await function.invoke(b"1")

    assert value(asyncio.run(scene())) == "hello"


def test_the_context_says_what_lambda_s_does(tmp_path: Path) -> None:
    handler = """
        exports.handler = async (event, context) => ({
            ...context, left: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID,
        });
    """
    [answer] = answers(tmp_path, {"index.js": handler}, 1)
    found = value(answer)
    assert isinstance(found, dict)
    assert 0 < found.pop("left") <= 20_000
    assert found.pop("trace").startswith("Root=1-")
    assert found.pop("logStreamName").startswith("gateline/[$LATEST]")
    assert found == {
        "functionName": "f",
        "functionVersion": "$LATEST",
        "memoryLimitInMB": "128",
        "logGroupName": "/aws/lambda/f",
        "invokedFunctionArn": ARN,
        "awsRequestId": "one",
        "callbackWaitsForEmptyEventLoop": True,
    }


BROKEN = {
    "import": (
        {"index.js": "require('nowhere');"},
        "index.handler",
        "Runtime.ImportModuleError: Cannot find module",
    ),
    "module": (
        {"index.mjs": "import 'nowhere';"},
        "index.handler",
        "Runtime.ImportModuleError: Cannot find package",
    ),
    "no file": ({}, "index.handler", "Runtime.ImportModuleError: Cannot find module 'index'"),
    "syntax": ({"index.js": "exports.handler = ("}, "index.handler", "Runtime.UserCodeSyntaxError: "),
    "throws": ({"index.js": "throw new RangeError('top');"}, "index.handler", "RangeError: top"),
    "no export": ({"index.js": ""}, "index.handler", "Runtime.HandlerNotFound: index.handler is undefined"),
    "no function": ({"index.js": "exports.handler = 7;"}, "index.handler", "Runtime.HandlerNotFound: "),
    "no dot": ({"index.js": ""}, "index", "Runtime.MalformedHandlerName: "),
    "outside": ({}, "../index.handler", "Runtime.MalformedHandlerName: "),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_code_that_does_not_load_is_told_to_the_operator(tmp_path: Path, fault: str) -> None:
    files, handler, wanted = BROKEN[fault]
    [answer] = answers(tmp_path, files, 1, handler=handler)
    assert isinstance(answer, Failed)
    assert answer.fault is Fault.NOT_STARTED
    assert answer.detail.startswith(wanted)


@pytest.mark.parametrize("file", ["index.js", "index.mjs"])
def test_a_syntax_error_is_told_with_its_line(tmp_path: Path, file: str) -> None:
    [answer] = answers(tmp_path, {file: "const a = 1;\n}}\n"}, 1, handler="index.handler")
    assert isinstance(answer, Failed)
    assert f"{file}:2" in answer.detail


@pytest.mark.parametrize(
    ("act", "message"),
    [
        ("setTimeout(() => { throw new RangeError('late'); }, 1)", "late"),
        ("Promise.reject(new RangeError('late'))", "late"),
    ],
    ids=["uncaught exception", "unhandled rejection"],
)
def test_an_error_that_nobody_caught_is_raised_and_its_worker_replaced(
    tmp_path: Path, act: str, message: str
) -> None:
    files = {
        "index.js": f"exports.handler = (e, c, callback) => {{ if (e) {act}; else callback(null, e); }};"
    }
    broken, good = answers(tmp_path, files, 1, 0)
    assert isinstance(broken, Raised)
    assert broken.message == message
    assert value(good) == 0


def test_what_it_prints_is_said_with_the_request(tmp_path: Path) -> None:
    async def scene(function: RunningFunction) -> None:
        await function.invoke(b"1", "one")
        await function.until(lambda: ("one", "printed") in function.said)

    async def run() -> None:
        files = {"index.js": "exports.handler = async () => { console.log('printed'); };"}
        async with running(tmp_path, files, handler="index.handler", **NODE) as function:
            await scene(function)

    asyncio.run(run())
