from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateline.dataplane import keys
from gateline.dataplane.netstring import NetstringWriter, split
from gateline.functions.answer import Answer, Returned
from gateline.host import app
from gateline.host.protocol import LARGEST_QUESTION
from gateline.integrations.event import LARGEST_EVENT
from gateline.model.assertion import Binding
from gateline.model.hosting import HostConfiguration
from host.questions import StandIn, authorizer, configuration, described, made_service, question, read_reply
from host.signing import claims_of, signing


@dataclass
class Bench:
    """A served host, and connections to it."""

    place: Path
    functions: StandIn
    stop: Callable[[], None]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(self.place)

    async def send(self, raw: bytes) -> tuple[bytes, bytes]:
        """Head and body of the answer to one request."""
        reader, writer = await self.connect()
        try:
            writer.write(raw)
            return await read_answer(reader)
        finally:
            writer.close()
            await writer.wait_closed()


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    return head, await reader.readexactly(length)


def request(verb: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{verb} {path} HTTP/1.1", "Host: host", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def served(
    folder: Path,
    story: Callable[[Bench], Awaitable[None]],
    given: HostConfiguration | None = None,
) -> None:
    async def play() -> None:
        functions = StandIn()
        service = made_service(functions)
        await service.configure(given or configuration(authorizer()))
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(folder / "s"))
        listening.listen()
        listening.setblocking(False)
        serving = app.server(service)

        def stop() -> None:
            serving.should_exit = True

        running = asyncio.ensure_future(serving.serve(sockets=[listening]))
        async with asyncio.timeout(30):
            await story(Bench(folder / "s", functions, stop))
            stop()
            await running

    asyncio.run(play())


async def turns_until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - another task makes it true
        await asyncio.sleep(0)


def test_a_question_is_answered_on_a_connection_that_stays(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        reader, writer = await bench.connect()
        for _ in range(2):
            writer.write(request("POST", "/authorize", question()))
            head, body = await read_answer(reader)
            assert head.startswith(b"HTTP/1.1 200 ")
            assert b"connection: close" not in head.lower()
            assert read_reply(body)[0] == "policy"
        assert len(bench.functions.events) == 1
        writer.close()

    served(tmp_path, story)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (request("POST", "/authorize", b"no question"), b"400"),
        (request("POST", "/authorize", b"x" * (LARGEST_QUESTION + 1)), b"400"),
        (request("GET", "/authorize"), b"404"),
        (request("POST", "/"), b"404"),
        (request("POST", "/authorize/"), b"404"),
    ],
)
def test_what_is_no_question_is_refused(tmp_path: Path, raw: bytes, status: bytes) -> None:
    async def story(bench: Bench) -> None:
        head, _ = await bench.send(raw)
        assert head.split(b" ")[1] == status

    served(tmp_path, story)


@pytest.mark.parametrize("verb", ["GET", "POST", "DELETE", "PROPFIND", "OPTIONS"])
def test_any_verb_is_handed_to_the_function_with_the_clients_spelling(tmp_path: Path, verb: str) -> None:
    async def story(bench: Bench) -> None:
        bench.functions.answer = Returned(
            b'{"statusCode": 200, "headers": {"X-Name": "M\xc3\xbcller"}, "body": "hi"}'
        )
        raw = request(verb, "/invoke", b"hello", x_gl_call=described().decode(), X_My_iD="7")
        head, body = await bench.send(raw)
        assert (head.split(b" ")[1], body) == (b"200", b"hi")
        assert b"x-name: M\xc3\xbcller" in head
        (event,) = bench.functions.events
        headers = event["headers"]
        assert isinstance(headers, dict)
        assert headers["X-My-iD"] == "7"
        assert not [name for name in headers if name.lower().startswith("x-gl-")]

    served(tmp_path, story)


def test_a_head_and_a_status_without_a_body_are_framed_right(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.functions.answer = Returned(b'{"statusCode": 204, "body": "dropped"}')
        head, _ = await bench.send(request("GET", "/invoke", x_gl_call=described().decode()))
        assert b"content-length" not in head.lower()
        assert b"transfer-encoding" not in head.lower()
        bench.functions.answer = Returned(b'{"statusCode": 200, "body": "four"}')
        reader, writer = await bench.connect()
        writer.write(request("HEAD", "/invoke", x_gl_call=described().decode()))
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"content-length: 4" in head.lower()
        writer.write(request("GET", "/invoke", x_gl_call=described().decode()))
        assert (await read_answer(reader))[1] == b"four"
        writer.close()

    served(tmp_path, story)


def test_a_body_over_the_limit_is_too_long(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        body = b"x" * (LARGEST_EVENT + 1)
        head, said = await bench.send(request("POST", "/invoke", body, x_gl_call=described().decode()))
        assert (head.split(b" ")[1], said) == (b"413", b'{"message": "Request Too Long"}')

    served(tmp_path, story)


def test_a_request_without_a_description_is_a_500(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        head, _ = await bench.send(request("POST", "/invoke"))
        assert head.split(b" ")[1] == b"500"

    served(tmp_path, story)


def test_a_fault_of_ours_is_closed_and_logged_without_its_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fault(_: bytes) -> Answer:
        raise KeyError("hunter2")

    async def story(bench: Bench) -> None:
        bench.functions.answer = fault
        head, body = await bench.send(request("POST", "/authorize", question()))
        assert (head.split(b" ")[1], body) == (b"500", b"")
        head, body = await bench.send(request("GET", "/invoke", x_gl_call=described().decode()))
        assert (head.split(b" ")[1], body) == (b"500", b'{"message": "Internal server error"}')

    served(tmp_path, story)
    assert caplog.text.count("internal error (KeyError)") == 2
    assert "in fault" in caplog.text
    assert "hunter2" not in caplog.text.replace('raise KeyError("hunter2")', "")  # the line of this very file


def test_a_call_is_broken_off_when_its_last_caller_is_gone_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "LOOK_AFTER_SECONDS", 0.0)

    async def story(bench: Bench) -> None:
        functions = bench.functions
        functions.may_answer.clear()
        (_, first), (stays, second) = await bench.connect(), await bench.connect()
        for writer in (first, second):
            writer.write(request("POST", "/authorize", question("same")))
        (_, alone) = await bench.connect()
        alone.write(request("POST", "/authorize", question("alone")))
        await turns_until(lambda: len(functions.events) == 2)
        first.close()
        alone.close()
        await turns_until(lambda: functions.broken_off)
        functions.may_answer.set()
        assert read_reply((await read_answer(stays))[1])[0] == "policy"
        assert functions.broken_off == 1
        second.close()

    served(tmp_path, story)


def test_a_stop_lets_a_request_in_flight_finish(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.functions.may_answer.clear()
        reader, writer = await bench.connect()
        writer.write(request("POST", "/authorize", question()))
        await turns_until(lambda: bench.functions.events)
        bench.stop()
        asyncio.get_running_loop().call_later(0.3, bench.functions.may_answer.set)
        assert read_reply((await read_answer(reader))[1])[0] == "policy"
        writer.close()

    served(tmp_path, story)


@pytest.mark.parametrize(
    ("call", "status", "said"),
    [
        (described().decode(), b"200", b"2:ok1:0"),
        ("nonsense", b"500", b""),
        (described(route="shop/prod GET /other").decode(), b"500", b""),
    ],
)
def test_a_body_is_looked_at_for_a_method_that_there_is(
    tmp_path: Path, call: str, status: bytes, said: bytes
) -> None:
    async def story(bench: Bench) -> None:
        head, body = await bench.send(request("POST", "/inspect", b"{}", x_gl_call=call))
        assert (head.split(b" ")[1], body) == (status, said)

    served(tmp_path, story)


def test_a_body_that_is_too_large_to_be_looked_at_is_a_500(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        body = b"x" * (keys.BODY_LIMIT + 1)
        head, _ = await bench.send(request("POST", "/inspect", body, x_gl_call=described().decode()))
        assert head.split(b" ")[1] == b"500"

    served(tmp_path, story)


def bound(verb: str = "GET") -> str:
    """What the script says of a request that is to be bound."""
    writer = NetstringWriter()
    writer.put("shop/prod", "rev1", "request-1", "192.0.2.7", verb, "/a", "", 0)
    return writer.data.decode()


def test_a_request_is_bound_with_a_body_and_a_stage_without_one(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        head, reply = await bench.send(request("POST", "/bind", b"body", **{keys.CALL_HEADER: bound()}))
        assert head.startswith(b"HTTP/1.1 200")
        assert claims_of(split(reply)[0].decode())["req"]["m"] == "GET"
        _, reply = await bench.send(request("POST", "/assert", b"9:shop/prod4:rev1"))
        assert claims_of(split(reply)[0].decode())["sub"] == ""

    served(tmp_path, story, signing(binding=Binding.REQUEST))


def test_what_is_not_to_be_bound_is_not_answered_with_anything(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        for call in ("nonsense", bound()):
            head, reply = await bench.send(request("POST", "/bind", b"body", **{keys.CALL_HEADER: call}))
            assert (head.split()[1], reply) == (b"500", b"")

    served(tmp_path, story)
