from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateline.discovery import docker as docker_source
from gateline.discovery.docker import DockerEngine, negotiated, place
from gateline.discovery.source import Targets
from gateline.errors import SourceSilent
from gateline.model.discovery import DockerContainers
from gateline.model.origin import Origin
from harness.fake_docker import FakeDocker, container

WEB = {"app": "web"}


def asks(socket: Path = Path("/nowhere"), **more: Any) -> DockerContainers:
    return DockerContainers(
        **{"labels": (("app", "web"),), "socket": str(socket), "origin": Origin("gateline.yaml"), **more}
    )


class Heard:
    """What an engine's source says, one answer after another."""

    def __init__(self, docker: FakeDocker, source: DockerEngine) -> None:
        self.docker = docker
        self._answers = source.answers()

    async def next(self) -> list[str]:
        found: Targets = await anext(self._answers)
        return [f"{each.host}:{each.port}" for each in found]

    async def close(self) -> None:
        await self._answers.aclose()


def played(folder: Path, story: Callable[[Heard], Awaitable[None]], **more: Any) -> None:
    async def play() -> None:
        socket = folder / "docker.sock"
        async with asyncio.timeout(30), FakeDocker(socket) as docker:
            heard = Heard(docker, DockerEngine(asks(socket, **more)))
            try:
                await story(heard)
            finally:
                await heard.close()

    asyncio.run(play())


def web(name: str, address: str, **more: Any) -> dict[str, Any]:
    return container(name, WEB, **{"networks": {"bridge": address}, "ports": [80], **more})


def test_containers_come_and_go_with_their_events(tmp_path: Path) -> None:
    async def story(heard: Heard) -> None:
        heard.docker.run(web("a", "172.17.0.2"))
        assert await heard.next() == ["172.17.0.2:80"]
        heard.docker.run(web("b", "172.17.0.3"))
        assert await heard.next() == ["172.17.0.2:80", "172.17.0.3:80"]
        heard.docker.die("a")
        assert await heard.next() == ["172.17.0.3:80"]
        assert heard.docker.asked[:3] == ["/version", "/v1.51/events", "/v1.51/containers/json"]

    played(tmp_path, story)


def test_only_those_with_the_labels_that_run_and_are_well_count(tmp_path: Path) -> None:
    async def story(heard: Heard) -> None:
        for made in (
            web("a", "172.17.0.2"),
            web("b", "172.17.0.3", health="healthy"),
            web("c", "172.17.0.4", health="starting"),
            web("d", "172.17.0.5", health="unhealthy"),
            web("e", "172.17.0.6", state="paused"),
            container("f", {"app": "other"}, networks={"bridge": "172.17.0.7"}, ports=[80]),
        ):
            heard.docker.run(made)
        assert await heard.next() == ["172.17.0.2:80", "172.17.0.3:80"]
        heard.docker.containers["c"] = web("c", "172.17.0.4", health="healthy")
        heard.docker.say("health_status: healthy", WEB)
        assert await heard.next() == ["172.17.0.2:80", "172.17.0.3:80", "172.17.0.4:80"]

    played(tmp_path, story)


def test_what_a_health_check_executes_is_no_news(tmp_path: Path) -> None:
    async def story(heard: Heard) -> None:
        await heard.next()
        for action in ("exec_create: curl", "exec_start: curl", "exec_die"):
            heard.docker.say(action, WEB)
        heard.docker.run(web("a", "172.17.0.2"))
        assert await heard.next() == ["172.17.0.2:80"]
        assert heard.docker.listed == 2

    played(tmp_path, story)


def test_the_list_is_looked_at_now_and_then_without_any_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_source, "LOOK_ANYWAY", 0.05)

    async def story(heard: Heard) -> None:
        await heard.next()
        heard.docker.containers["a"] = web("a", "172.17.0.2")
        while await heard.next() != ["172.17.0.2:80"]:
            pass

    played(tmp_path, story)


def test_a_label_without_a_value_is_any_value(tmp_path: Path) -> None:
    async def story(heard: Heard) -> None:
        heard.docker.run(web("a", "172.17.0.2"))
        assert await heard.next() == ["172.17.0.2:80"]

    played(tmp_path, story, labels=(("app", ""),))


def test_an_engine_that_ends_is_silent(tmp_path: Path) -> None:
    async def story(heard: Heard) -> None:
        await heard.next()
        await heard.docker.stop()
        with pytest.raises(SourceSilent, match="Docker Engine"):
            await heard.next()

    played(tmp_path, story)


def test_an_engine_that_refuses_is_silent(tmp_path: Path) -> None:
    async def story(heard: Heard) -> None:
        heard.docker.refuses = 500
        with pytest.raises(SourceSilent, match="answers /version with 500"):
            await heard.next()

    played(tmp_path, story)


@pytest.mark.parametrize(
    "told",
    [
        web("a", "172.17.0.2", ports=[99999]),
        web("a", "172.17.0.2", ports=["80a"]),
        web("a", "evil.example..com"),
        web("a", "") | {"NetworkSettings": {"Networks": {"bridge": {"IPAddress": 5}}}},
        web("a", "172.17.0.2") | {"NetworkSettings": ["no map"]},
        web("a", "172.17.0.2") | {"NetworkSettings": {"Networks": ["bridge"]}},
        web("a", "172.17.0.2") | {"Ports": None},
        web("a", "172.17.0.2") | {"Ports": ["80/tcp"]},
    ],
)
def test_a_container_that_cannot_be_is_silence(told: dict[str, Any], tmp_path: Path) -> None:
    async def story(heard: Heard) -> None:
        heard.docker.containers["a"] = told
        with pytest.raises(SourceSilent, match="does not answer"):
            await heard.next()

    played(tmp_path, story)


@pytest.mark.parametrize("version", [{}, {"ApiVersion": 1}, {"ApiVersion": "new"}, ["1.51"], None])
def test_a_version_that_cannot_be_is_silence(version: Any, tmp_path: Path) -> None:
    async def story(heard: Heard) -> None:
        heard.docker.version = version
        with pytest.raises(SourceSilent, match="does not answer"):
            await heard.next()

    played(tmp_path, story)


@pytest.mark.parametrize("line", ['["no event"]', "[" * 100_000, "half an ev"])
def test_events_that_cannot_be_are_silence(line: str, tmp_path: Path) -> None:
    async def story(heard: Heard) -> None:
        await heard.next()
        heard.docker.tell(line)
        with pytest.raises(SourceSilent, match="does not answer"):
            await heard.next()

    played(tmp_path, story)


def test_a_socket_that_is_not_there_is_told(tmp_path: Path) -> None:
    async def play() -> None:
        source = DockerEngine(asks(tmp_path / "none.sock")).answers()
        with pytest.raises(SourceSilent, match=r"none\.sock does not answer: .*No such file"):
            await anext(source)

    asyncio.run(play())


@pytest.mark.parametrize(
    ("newest", "oldest", "chosen"),
    [
        ("1.51", "1.24", "/v1.51"),
        ("1.41", "1.12", "/v1.41"),
        ("1.60", "1.44", "/v1.51"),
        ("2.1", "2.0", "/v2.0"),
    ],
)
def test_the_newest_version_that_both_know_is_spoken(newest: str, oldest: str, chosen: str) -> None:
    assert negotiated({"ApiVersion": newest, "MinAPIVersion": oldest}) == chosen


def test_an_engine_that_is_too_old_is_told() -> None:
    with pytest.raises(SourceSilent, match=r"version 1\.24"):
        negotiated({"ApiVersion": "1.24"})


@pytest.mark.parametrize(
    ("made", "more", "target"),
    [
        (web("a", "172.17.0.2"), {"port": 8080}, "172.17.0.2:8080"),
        (
            web("a", "", networks={"front": "172.18.0.2", "back": "172.19.0.2"}),
            {"network": "back"},
            "172.19.0.2:80",
        ),
        (web("a", "", networks={"front": "172.18.0.2", "gone": ""}), {}, "172.18.0.2:80"),
        (web("a", "", networks={"host": ""}), {"port": 8080}, "127.0.0.1:8080"),
        (web("a", "172.17.0.2", published={80: ("0.0.0.0", 32768)}), {"network": "host"}, "127.0.0.1:32768"),
        (web("a", "172.17.0.2", published={80: ("10.0.0.5", 8080)}), {"network": "host"}, "10.0.0.5:8080"),
    ],
)
def test_a_container_is_asked_in_its_network_or_at_a_published_port(
    made: dict[str, Any], more: dict[str, Any], target: str
) -> None:
    found = place(made, asks(**more))
    assert f"{found.host}:{found.port}" == target


@pytest.mark.parametrize(
    ("made", "more", "says"),
    [
        (
            web("a", "172.17.0.2", ports=[80, 81]),
            {},
            r"container a needs discover\.docker\.port; it has 80, 81",
        ),
        (web("a", "172.17.0.2", ports=[]), {}, r"needs discover\.docker\.port; it has none"),
        (
            web("a", "", networks={"x": "1.1.1.1", "y": "1.1.1.2"}),
            {},
            r"needs discover\.docker\.network; .* x, y",
        ),
        (web("a", "172.17.0.2"), {"network": "back"}, "is not in network back; it is in bridge"),
        (web("a", "172.17.0.2"), {"network": "host"}, "publishes no port for 80"),
    ],
)
def test_what_cannot_be_decided_is_told(made: dict[str, Any], more: dict[str, Any], says: str) -> None:
    with pytest.raises(SourceSilent, match=says):
        place(made, asks(**more))
