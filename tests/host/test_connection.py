from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateline.host import connection
from gateline.host.connection import LARGEST_ANSWER, Pool, head
from gateline.integrations.outgoing import BackendAnswer, Refusal
from host.egress_peer import OK, EgressPeer

HOST = [("Host", "backend.test")]
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"

Says = Callable[[bytes], bytes | None]


async def sent(pool: Pool, verb: str = "GET", body: bytes = b"") -> BackendAnswer:
    return await pool.exchange(head(verb, "/a?b=c", HOST, body), body, lambda _: None)


def played(
    folder: Path, story: Callable[[EgressPeer, Pool], Awaitable[None]], says: Says = lambda _: OK
) -> None:
    async def play() -> None:
        async with EgressPeer(folder / "peer", says).serving() as peer:
            pool = Pool(lambda: asyncio.open_unix_connection(peer.socket), kept_seconds=60)
            try:
                await story(peer, pool)
            finally:
                pool.close()

    asyncio.run(play())


def one(folder: Path, answer: bytes, verb: str = "GET") -> BackendAnswer:
    """What is made of one answer."""
    found: list[BackendAnswer] = []

    async def story(_: EgressPeer, pool: Pool) -> None:
        found.append(await sent(pool, verb))

    played(folder, story, lambda _: answer)
    return found[0]


def refused(folder: Path, answer: bytes) -> str:
    """The gateway response that one answer becomes."""
    with pytest.raises(Refusal) as raised:
        one(folder, answer)
    return raised.value.type


@pytest.mark.parametrize(
    ("verb", "framed"), [("POST", True), ("PUT", True), ("PATCH", True), ("GET", False), ("HEAD", False)]
)
def test_a_verb_with_bodies_says_that_there_is_none(verb: str, framed: bool) -> None:
    names = [name for name, _ in head(verb, "/", HOST, b"").headers]
    assert (b"content-length" in names) is framed


def test_repeated_headers_and_their_spelling_are_kept(tmp_path: Path) -> None:
    raw = b"HTTP/1.1 201 Made\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Bytes: \xff\r\nContent-Length: 2\r\n\r\nok"
    answer = one(tmp_path, raw)
    assert (answer.status, answer.body) == (201, b"ok")
    assert answer.headers == (
        (b"Set-Cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"X-Bytes", b"\xff"),
        (b"Content-Length", b"2"),
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok",
    ],
    ids=["chunked", "interim responses", "to the end"],
)
def test_an_answer_is_read_however_it_is_framed(tmp_path: Path, raw: bytes) -> None:
    answer = one(tmp_path, raw)
    assert (answer.status, answer.body) == (200, b"ok")


def test_an_answer_to_head_has_no_body_whatever_its_length_says(tmp_path: Path) -> None:
    answer = one(tmp_path, OK.removesuffix(b"ok"), "HEAD")
    assert (answer.status, answer.body) == (200, b"")


def test_redirects_are_answers(tmp_path: Path) -> None:
    answer = one(tmp_path, b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")
    assert (answer.status, answer.headers[0]) == (302, (b"Location", b"/b"))


def test_connections_are_kept_and_used_again(tmp_path: Path) -> None:
    async def story(peer: EgressPeer, pool: Pool) -> None:
        for _ in range(5):
            await sent(pool, "POST", b"hello")
        assert peer.connections == 1
        await asyncio.gather(*(sent(pool) for _ in range(3)))
        assert peer.connections == 3

    played(tmp_path, story)


def test_no_more_connections_are_kept_than_are_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST_IDLE", 1)

    async def story(peer: EgressPeer, pool: Pool) -> None:
        await asyncio.gather(*(sent(pool) for _ in range(3)))
        await peer.left.wait()
        await asyncio.gather(*(sent(pool) for _ in range(3)))
        assert peer.connections == 5

    played(tmp_path, story)


def test_a_connection_that_was_idle_too_long_is_not_used(tmp_path: Path) -> None:
    async def play() -> None:
        async with EgressPeer(tmp_path / "peer").serving() as peer:
            pool = Pool(lambda: asyncio.open_unix_connection(peer.socket), kept_seconds=0)
            await sent(pool)
            await sent(pool)
            assert peer.connections == 2
            pool.close()

    asyncio.run(play())


def test_a_connection_that_was_closed_is_replaced(tmp_path: Path) -> None:
    async def story(peer: EgressPeer, pool: Pool) -> None:
        assert (await sent(pool)).body == (await sent(pool)).body == b"ok"
        assert peer.connections == 2

    played(tmp_path, story, lambda _: CLOSING)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nok",
        b"what?\r\n\r\n",
        b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: close\r\n\r\n",
    ],
    ids=["a connection that closes", "an answer that breaks off", "no HTTP", "another protocol"],
)
def test_what_is_no_answer_becomes_a_gateway_response(tmp_path: Path, raw: bytes) -> None:
    assert refused(tmp_path, raw) == "INTEGRATION_FAILURE"


def test_nobody_listening_is_an_integration_failure(tmp_path: Path) -> None:
    async def play() -> None:
        pool = Pool(lambda: asyncio.open_unix_connection(tmp_path / "none"), kept_seconds=60)
        with pytest.raises(Refusal) as raised:
            await sent(pool)
        assert raised.value.type == "INTEGRATION_FAILURE"

    asyncio.run(play())


@pytest.mark.parametrize(
    ("verb", "target", "name", "value"),
    [
        ("GET", "/", "X-A", "b\r\nX-C: d"),
        ("GET", "/", "X A", "b"),
        ("GET", "/a b", "X-A", "b"),
        ("GET", "/\r\n", "X-A", "b"),
        ("GE T", "/", "X-A", "b"),
        ("GET", "/", "Transfer-Encoding", "gzip"),
    ],
    ids=["value", "name", "target", "line break", "verb", "framing"],
)
def test_nothing_can_end_its_place_in_a_request(verb: str, target: str, name: str, value: str) -> None:
    with pytest.raises(Refusal) as raised:
        head(verb, target, [*HOST, (name, value)], b"")
    assert raised.value.type == "API_CONFIGURATION_ERROR"


def test_an_answer_of_ten_megabytes_comes_whole_and_a_longer_one_is_refused(tmp_path: Path) -> None:
    def of(size: int) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)

    assert len(one(tmp_path, of(LARGEST_ANSWER)).body) == LARGEST_ANSWER
    assert refused(tmp_path, of(LARGEST_ANSWER + 1)) == "API_CONFIGURATION_ERROR"


def test_an_answer_without_end_is_broken_off_when_there_is_no_room_left(tmp_path: Path) -> None:
    class NoRoom(Exception):
        pass

    def grow(size: int) -> None:
        if size > 100_000:
            raise NoRoom

    async def story(peer: EgressPeer, pool: Pool) -> None:
        with pytest.raises(NoRoom):
            await pool.exchange(head("GET", "/", HOST, b""), b"", grow)
        await peer.left.wait()

    played(
        tmp_path, story, lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + bytes(9_000_000)
    )


def test_a_backend_may_answer_before_it_has_read_the_body(tmp_path: Path) -> None:
    async def play() -> None:
        async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK.replace(b"200 OK", b"413 Much"))
            await writer.drain()
            writer.close()

        server = await asyncio.start_unix_server(attend, tmp_path / "peer")
        pool = Pool(lambda: asyncio.open_unix_connection(tmp_path / "peer"), kept_seconds=60)
        assert (await sent(pool, "POST", bytes(5_000_000))).status == 413
        pool.close()
        server.close()

    asyncio.run(play())


def test_a_request_that_is_given_up_leaves_no_connection_behind(tmp_path: Path) -> None:
    async def story(peer: EgressPeer, pool: Pool) -> None:
        task = asyncio.ensure_future(sent(pool))
        await peer.asked.wait()
        task.cancel()
        await peer.left.wait()
        assert peer.ended == 1

    played(tmp_path, story, lambda _: None)
