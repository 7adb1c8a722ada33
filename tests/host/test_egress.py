from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateline.host import connection, egress
from gateline.host.connection import LARGEST_ANSWER
from gateline.host.egress import Egress
from gateline.integrations.outgoing import BackendAnswer, HttpRequest, Refusal
from host.egress_peer import OK, EgressPeer, failed

GET = HttpRequest(verb="GET", target="/a?b=c", authority="backend.test:81", headers=(), body=b"")
POST = replace(GET, verb="POST", headers=(("X-Own", "1"), ("x-Own", "2"), ("X-Text", "ü")), body=b"hello")
PLAIN = (
    b"GET /a?b=c HTTP/1.1\r\nHost: backend.test:81\r\nx-gl-scope: shop/prod egress\r\n"
    b"x-gl-egress: shop/prod GET /a\r\n\r\n"
)


async def sent(egress: Egress, request: HttpRequest = GET, *, seconds: float = 29) -> BackendAnswer:
    return await egress.send(
        request, scope="shop/prod egress", route="shop/prod GET /a", seconds=seconds, grow=lambda _: None
    )


def played(
    folder: Path,
    story: Callable[[EgressPeer, Egress], Awaitable[None]],
    says: Callable[[bytes], bytes | None] = lambda _: OK,
) -> None:
    async def play() -> None:
        async with EgressPeer(folder / "egress", says).serving() as peer:
            egress = Egress(peer.socket)
            try:
                await story(peer, egress)
            finally:
                egress.close()

    asyncio.run(play())


def one(folder: Path, answer: bytes | None, request: HttpRequest = GET, **named: float) -> BackendAnswer:
    """What is made of one answer."""
    found: list[BackendAnswer] = []

    async def story(_: EgressPeer, egress: Egress) -> None:
        found.append(await sent(egress, request, **named))

    played(folder, story, lambda _: answer)
    return found[0]


def refused(folder: Path, answer: bytes | None, request: HttpRequest = GET, **named: float) -> str:
    """The gateway response that one answer becomes."""
    with pytest.raises(Refusal) as raised:
        one(folder, answer, request, **named)
    return raised.value.type


def test_what_is_sent_is_what_was_said_and_where_it_goes(tmp_path: Path) -> None:
    async def story(peer: EgressPeer, egress: Egress) -> None:
        await sent(egress, POST)
        await sent(egress)
        assert peer.heads == [
            "POST /a?b=c HTTP/1.1\r\nHost: backend.test:81\r\nx-gl-scope: shop/prod egress\r\n"
            "x-gl-egress: shop/prod GET /a\r\nX-Own: 1\r\nx-Own: 2\r\nX-Text: ü\r\n"
            "Content-Length: 5\r\n\r\n".encode(),
            PLAIN,
        ]
        assert peer.bodies == [b"hello", b""]

    played(tmp_path, story)


@pytest.mark.parametrize(("verb", "framed"), [("POST", True), ("PUT", True), ("PATCH", True), ("GET", False)])
def test_a_verb_with_bodies_says_that_there_is_none(tmp_path: Path, verb: str, framed: bool) -> None:
    async def story(peer: EgressPeer, egress: Egress) -> None:
        await sent(egress, replace(GET, verb=verb))
        assert (b"Content-Length: 0" in peer.heads[0]) is framed

    played(tmp_path, story)


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
    answer = one(tmp_path, OK.removesuffix(b"ok"), replace(GET, verb="HEAD"))
    assert (answer.status, answer.body) == (200, b"")


def test_connections_are_kept_and_used_again(tmp_path: Path) -> None:
    async def story(peer: EgressPeer, egress: Egress) -> None:
        for _ in range(5):
            await sent(egress, POST)
        assert peer.connections == 1
        await asyncio.gather(*(sent(egress) for _ in range(3)))
        assert peer.connections == 3

    played(tmp_path, story)


def test_no_more_connections_are_kept_than_are_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST_IDLE", 1)

    async def story(peer: EgressPeer, egress: Egress) -> None:
        await asyncio.gather(*(sent(egress) for _ in range(3)))
        await peer.left.wait()
        await asyncio.gather(*(sent(egress) for _ in range(3)))
        assert peer.connections == 5

    played(tmp_path, story)


def test_a_connection_that_was_closed_meanwhile_is_replaced(tmp_path: Path) -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"

    async def story(peer: EgressPeer, egress: Egress) -> None:
        assert (await sent(egress)).body == (await sent(egress)).body == b"ok"
        assert peer.connections == 2

    played(tmp_path, story, lambda _: closing)


def test_envoy_may_be_made_anew(tmp_path: Path) -> None:
    async def story() -> None:
        egress = Egress(tmp_path / "egress")
        with pytest.raises(Refusal) as raised:
            await sent(egress)
        assert raised.value.type == "INTEGRATION_FAILURE"
        for _ in range(2):
            async with EgressPeer(tmp_path / "egress").serving():
                assert (await sent(egress)).status == 200
            (tmp_path / "egress").unlink(missing_ok=True)
            egress.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        *((flags, "INTEGRATION_TIMEOUT") for flags in ("UT", "SI", "UMSDR", "UT,URX")),
        *(
            (flags, "INTEGRATION_FAILURE")
            for flags in ("UF", "UC", "UR", "UPE", "URX", "LR", "UF,URX", "DPE")
        ),
        *((flags, "API_CONFIGURATION_ERROR") for flags in ("UH", "NC", "UO", "NR")),
    ],
)
def test_what_envoy_answers_becomes_a_gateway_response(tmp_path: Path, flags: str, kind: str) -> None:
    assert refused(tmp_path, failed(flags)) == kind


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (None, "INTEGRATION_TIMEOUT"),
        (b"", "INTEGRATION_FAILURE"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nok", "INTEGRATION_FAILURE"),
        (b"what?\r\n\r\n", "INTEGRATION_FAILURE"),
        (b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: close\r\n\r\n", "INTEGRATION_FAILURE"),
    ],
    ids=["silence", "a connection that closes", "an answer that breaks off", "no HTTP", "another protocol"],
)
def test_what_is_no_answer_becomes_a_gateway_response(
    tmp_path: Path, raw: bytes | None, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "GRACE_SECONDS", 0.05)
    assert refused(tmp_path, raw, seconds=0.05 if raw is None else 29) == kind


@pytest.mark.parametrize(
    "request_",
    [
        replace(GET, headers=(("X-A", "b\r\nX-C: d"),)),
        replace(GET, headers=(("X A", "b"),)),
        replace(GET, target="/a b"),
        replace(GET, target="/\r\n"),
        replace(GET, verb="GE T"),
        replace(GET, authority="a\r\nb"),
    ],
    ids=["value", "name", "target", "line break", "verb", "host"],
)
def test_nothing_can_end_its_place_in_a_request(tmp_path: Path, request_: HttpRequest) -> None:
    assert refused(tmp_path, OK, request_) == "API_CONFIGURATION_ERROR"


def test_an_answer_of_ten_megabytes_comes_whole_and_a_longer_one_is_refused(tmp_path: Path) -> None:
    def of(size: int) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)

    assert len(one(tmp_path, of(LARGEST_ANSWER)).body) == LARGEST_ANSWER
    assert refused(tmp_path, of(LARGEST_ANSWER + 1)) == "API_CONFIGURATION_ERROR"


def test_an_answer_without_end_is_refused_when_there_is_no_room_left(tmp_path: Path) -> None:
    class NoRoom(Exception):
        pass

    def grow(size: int) -> None:
        if size > 100_000:
            raise NoRoom

    async def story(peer: EgressPeer, egress: Egress) -> None:
        with pytest.raises(NoRoom):
            await egress.send(GET, scope="s", route="r", seconds=29, grow=grow)
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

        server = await asyncio.start_unix_server(attend, tmp_path / "egress")
        egress = Egress(tmp_path / "egress")
        assert (await sent(egress, replace(POST, body=bytes(5_000_000)))).status == 413
        egress.close()
        server.close()

    asyncio.run(play())


def test_a_request_that_is_given_up_leaves_no_connection_behind(tmp_path: Path) -> None:
    async def story(peer: EgressPeer, egress: Egress) -> None:
        task = asyncio.ensure_future(sent(egress))
        await peer.asked.wait()
        task.cancel()
        await peer.left.wait()
        assert peer.ended == 1

    played(tmp_path, story, lambda _: None)
