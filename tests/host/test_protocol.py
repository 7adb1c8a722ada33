"""Questions on the wire: what `test_app` does not ask about the host's protocol."""

from __future__ import annotations

from pathlib import Path

from gateline.dataplane.netstring import NetstringWriter, split
from host.questions import question, read_reply
from host.test_app import Bench, read_answer, request, served, turns_until


def test_a_question_may_come_in_pieces(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        reader, writer = await bench.connect()
        raw = request("POST", "/authorize", question())
        for start in range(0, len(raw), 7):
            writer.write(raw[start : start + 7])
            await writer.drain()
        assert read_reply((await read_answer(reader))[1])[0] == "policy"
        writer.close()

    served(tmp_path, story)


def test_a_second_question_before_the_first_is_answered_ends_the_connection(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.functions.may_answer.clear()
        reader, writer = await bench.connect()
        writer.write(request("POST", "/authorize", question("first")))
        await turns_until(lambda: bench.functions.events)
        writer.write(request("POST", "/authorize", question("second")))
        assert await reader.read() == b""
        await turns_until(lambda: bench.functions.broken_off)
        assert len(bench.functions.events) == 1
        writer.close()

    served(tmp_path, story)


def test_a_caller_that_wants_the_connection_closed_has_it_closed(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        reader, writer = await bench.connect()
        writer.write(request("POST", "/authorize", question(), Connection="close"))
        assert read_reply((await read_answer(reader))[1])[0] == "policy"
        assert await reader.read() == b""
        writer.close()

    served(tmp_path, story)


def test_a_question_about_a_key_is_answered_on_the_same_connection(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        reader, writer = await bench.connect()
        body = NetstringWriter()
        body.put("orders/dev", "key", "rid", "127.0.0.1", 1, 0, "")
        for path, data in (("/key", body.data), ("/authorize", question()), ("/key", body.data)):
            writer.write(request("POST", path, data))
            expected = b"unknown" if path == "/key" else b"policy"
            assert split((await read_answer(reader))[1])[0] == expected
        writer.write(request("POST", "/key", b"junk"))
        assert (await read_answer(reader))[0].startswith(b"HTTP/1.1 400 ")
        writer.close()

    served(tmp_path, story)
