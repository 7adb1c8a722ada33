"""The socket and the wire: a client of gRPC in place of Envoy."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from grpc import aio

from gateline.compile import wire
from gateline.compile.resources import CLUSTER, SECRET
from gateline.control.ads import METHOD, SERVICE, serve_ads
from gateline.control.outcome import Accepted, Rejected
from gateline.control.publication import Publisher
from gateline.errors import AddressInUse, GatelineError

from .conftest import Pieces, gateway

REQUEST = wire.message_class("envoy.service.discovery.v3.DeltaDiscoveryRequest")
RESPONSE = wire.message_class("envoy.service.discovery.v3.DeltaDiscoveryResponse")
NODE = {"id": "n1"}
AIO: Any = aio  # its stubs are incomplete


@asynccontextmanager
async def stream(path: Path) -> AsyncIterator[Any]:
    """A stream of the ADS method."""
    async with AIO.insecure_channel(f"unix:{path}") as channel:
        method = channel.stream_stream(
            f"/{SERVICE}/{METHOD}",
            request_serializer=REQUEST.SerializeToString,
            response_deserializer=RESPONSE.FromString,
        )
        yield method()


async def first_type(path: Path) -> str:
    """The type of the first response at a socket."""
    async with stream(path) as call:
        await call.write(REQUEST(node=NODE, type_url=CLUSTER))
        return str((await call.read()).type_url)


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def serving(tmp_path: Path, play: Callable[[Publisher, Path], Coroutine[Any, Any, None]]) -> None:
    """Play with a publisher that is served at a socket."""
    path = tmp_path / "folder" / "xds.sock"

    async def serve() -> None:
        publisher = Publisher(call_later=asyncio.get_running_loop().call_later)
        async with serve_ads(publisher, path):
            await play(publisher, path)

    asyncio.run(serve())
    assert not path.exists()


def test_only_this_user_may_open_the_socket_and_its_folder(tmp_path: Path) -> None:
    found: list[int] = []

    async def play(publisher: Publisher, path: Path) -> None:
        found.extend(map(permissions, (path, path.parent)))

    (tmp_path / "folder").mkdir(mode=0o755)
    serving(tmp_path, play)
    assert found == [0o600, 0o700]


def test_a_socket_that_is_served_is_not_taken_over(tmp_path: Path, pieces: Pieces) -> None:
    async def play(publisher: Publisher, path: Path) -> None:
        with pytest.raises(AddressInUse):
            async with serve_ads(publisher, path):
                pass
        await publisher.publish(gateway(pieces))
        assert await first_type(path) == CLUSTER

    serving(tmp_path, play)


def test_a_socket_that_was_left_behind_is_replaced(tmp_path: Path, pieces: Pieces) -> None:
    async def play(publisher: Publisher, path: Path) -> None:
        await publisher.publish(gateway(pieces))
        assert await first_type(path) == CLUSTER

    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(str(tmp_path / "folder" / "xds.sock"))
    serving(tmp_path, play)


def test_a_socket_that_cannot_be_made_is_said_in_one_sentence(tmp_path: Path) -> None:
    async def serve() -> None:
        publisher = Publisher(call_later=asyncio.get_running_loop().call_later)
        with pytest.raises(GatelineError, match="cannot open the control socket"):
            async with serve_ads(publisher, tmp_path / ("a" * 120) / "xds.sock"):
                pass

    asyncio.run(serve())


def test_resources_travel_with_their_name_version_and_content(tmp_path: Path, pieces: Pieces) -> None:
    async def play(publisher: Publisher, path: Path) -> None:
        snapshot = gateway(pieces)
        await publisher.publish(snapshot)
        async with stream(path) as call:
            await call.write(REQUEST(node=NODE, type_url=CLUSTER))
            response = await call.read()
        (resource,) = response.resources
        held = snapshot.by_type[CLUSTER]["c"]
        assert (response.type_url, response.nonce) == (CLUSTER, "1")
        assert (resource.name, resource.version) == ("c", held.version)
        assert resource.resource.type_url == CLUSTER
        assert wire.message_class("envoy.config.cluster.v3.Cluster").FromString(
            resource.resource.value
        ) == pieces.cluster("c")

    serving(tmp_path, play)


def test_what_a_client_says_arrives(tmp_path: Path, pieces: Pieces) -> None:
    async def play(publisher: Publisher, path: Path) -> None:
        snapshot = pieces.snapshot(pieces.secret("a"), pieces.secret("b"))
        await publisher.publish(snapshot)
        known = {"a": snapshot.versions[SECRET]["a"]}
        async with stream(path) as call:
            await call.write(REQUEST(node=NODE, type_url=CLUSTER))
            nonce = (await call.read()).nonce
            await call.write(REQUEST(type_url=CLUSTER, response_nonce=nonce))
            asked = {"resource_names_subscribe": ["a", "b", "c"], "initial_resource_versions": known}
            await call.write(REQUEST(type_url=SECRET, **asked))
            response = await call.read()
            assert [each.name for each in response.resources] == ["b"]
            assert list(response.removed_resources) == ["c"]

    serving(tmp_path, play)


def test_a_refusal_arrives_with_its_reason(tmp_path: Path, pieces: Pieces) -> None:
    async def play(publisher: Publisher, path: Path) -> None:
        await publisher.publish(gateway(pieces))
        async with stream(path) as call:
            await call.write(REQUEST(node=NODE, type_url=CLUSTER))
            nonce = (await call.read()).nonce
            refusal = {"response_nonce": nonce, "error_detail": {"message": "c is wrong"}}
            await call.write(REQUEST(type_url=CLUSTER, **refusal))
            removal = await call.read()
            assert list(removal.removed_resources) == ["c"]
            await call.write(REQUEST(type_url=CLUSTER, response_nonce=removal.nonce))
            answer = await publisher.wait_ready("n1")
        assert isinstance(answer, Rejected)
        assert answer.refusals[0].message == "c is wrong"

    serving(tmp_path, play)


def test_a_client_that_leaves_is_seen_to_leave(tmp_path: Path, pieces: Pieces) -> None:
    left = asyncio.Event()

    async def play(publisher: Publisher, path: Path) -> None:
        publisher._on_change = lambda status: None if status.connected else left.set()
        await publisher.publish(gateway(pieces))
        async with stream(path) as call:
            await call.write(REQUEST(node=NODE, type_url=CLUSTER))
            await call.read()
        await left.wait()
        assert [each.connected for each in publisher.status().nodes] == [False]

    serving(tmp_path, play)


def test_a_client_that_says_nothing_is_no_node(tmp_path: Path) -> None:
    async def play(publisher: Publisher, path: Path) -> None:
        async with stream(path) as call:
            await call.done_writing()
            assert await call.read() is AIO.EOF
        assert publisher.status().nodes == ()

    serving(tmp_path, play)


def test_a_nodes_second_stream_ends_its_first(tmp_path: Path, pieces: Pieces) -> None:
    async def play(publisher: Publisher, path: Path) -> None:
        await publisher.publish(pieces.snapshot())
        async with stream(path) as first, stream(path) as second:
            await first.write(REQUEST(node=NODE, type_url=CLUSTER))
            await first.read()
            await second.write(REQUEST(node=NODE, type_url=CLUSTER))
            nonce = (await second.read()).nonce
            assert await first.read() is AIO.EOF
            await second.write(REQUEST(type_url=CLUSTER, response_nonce=nonce))
            assert isinstance(await publisher.wait_ready("n1"), Accepted)

    serving(tmp_path, play)
