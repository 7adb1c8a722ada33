from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateline.host.egress import Egress
from gateline.integrations.outgoing import BackendAnswer, HttpRequest, Refusal
from host.egress_peer import OK, EgressPeer, failed

GET = HttpRequest(verb="GET", target="/a?b=c", authority="backend.test:81", headers=(), body=b"")
POST = replace(GET, verb="POST", headers=(("X-Own", "1"), ("x-Own", "2"), ("X-Text", "ü")), body=b"hello")
PLAIN = (
    b"GET /a?b=c HTTP/1.1\r\nHost: backend.test:81\r\nx-gl-scope: shop/prod egress\r\n"
    b"x-gl-egress: shop/prod GET /a\r\n\r\n"
)


async def sent(egress: Egress, request: HttpRequest = GET) -> BackendAnswer:
    return await egress.send(request, scope="shop/prod egress", route="shop/prod GET /a", grow=lambda _: None)


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


def refused(folder: Path, answer: bytes, request: HttpRequest = GET) -> str:
    """The gateway response that one answer becomes."""
    found: list[str] = []

    async def story(_: EgressPeer, egress: Egress) -> None:
        with pytest.raises(Refusal) as raised:
            await sent(egress, request)
        found.append(raised.value.type)

    played(folder, story, lambda _: answer)
    return found[0]


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


@pytest.mark.parametrize(
    "request_",
    [
        replace(GET, target="/" + "a" * 97_000),
        replace(GET, headers=(("X-Long", "a" * 97_000),)),
        replace(GET, headers=tuple((f"X-{number}", "a") for number in range(98))),
    ],
)
def test_a_head_that_envoy_would_refuse_itself_is_not_sent(tmp_path: Path, request_: HttpRequest) -> None:
    """Envoy would say 431 and no more: the host would take it for a backend's answer, and map it to success."""

    async def story(peer: EgressPeer, egress: Egress) -> None:
        with pytest.raises(Refusal) as raised:
            await sent(egress, request_)
        assert raised.value.type == "API_CONFIGURATION_ERROR"
        assert peer.heads == []

    played(tmp_path, story)


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


def test_what_cannot_be_written_is_not_sent(tmp_path: Path) -> None:
    assert refused(tmp_path, OK, replace(GET, authority="a\r\nb")) == "API_CONFIGURATION_ERROR"


def test_headers_have_the_names_that_the_backend_gave_them(tmp_path: Path) -> None:
    """Clusters rename some for the clients of proxies; what Envoy needs itself stands there twice."""
    said = (
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-amzn-remapped-content-length: 7\r\n"
        b"x-amzn-remapped-date: then\r\nX-Own: 1\r\n\r\n"
    )

    async def story(_: EgressPeer, egress: Egress) -> None:
        answer = await sent(egress)
        assert [(name.lower(), value) for name, value in answer.headers] == [
            (b"content-length", b"7"),
            (b"date", b"then"),
            (b"x-own", b"1"),
        ]

    played(tmp_path, story, lambda _: said)
