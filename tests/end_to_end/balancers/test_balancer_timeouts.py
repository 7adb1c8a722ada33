"""What a balancer of the internet answers when time runs out: 504, with its own times made short."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from compile.balancers import balancer, forward, group, listener, project, rule
from compile.gateways import compiled
from golden.static_bootstrap import static_bootstrap
from proofs.running_envoy import running_envoy

pytestmark = pytest.mark.envoy


@contextmanager
def full_server() -> Iterator[int]:
    """The port of a server that takes no more connections: whoever tries one hears nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(server.getsockname())
        yield int(server.getsockname()[1])
        for each in waiting:
            each.close()


def bootstrap(target_port: int, *, connect: str = "10s", idle: str = "60s") -> dict[str, Any]:
    """A balancer in front of one target, alone, at a port that the system chooses."""
    public = balancer(listener(rule(None, forward(slow=1)), bind_port=0))
    resources = compiled(project(public, groups=(group("slow", ("127.0.0.1", target_port)),)))
    made = static_bootstrap(resources, {lookup: ["127.0.0.1"] for lookup in resources.lookups})
    static = made["static_resources"]
    static["listeners"] = [each for each in static["listeners"] if each["name"] != "edge"]
    for cluster in static["clusters"]:
        cluster.pop("health_checks")
        cluster["connect_timeout"] = connect
    [chain] = static["listeners"][0]["filter_chains"]
    chain["filters"][1]["typed_config"]["stream_idle_timeout"] = idle
    return made


def test_a_connection_that_nobody_takes_is_504() -> None:
    with full_server() as port, running_envoy(bootstrap(port, connect="0.2s")) as envoy:
        answer = envoy.get("/x")
    assert (answer.status, answer.one(b"server")) == (504, b"awselb/2.0")
    assert b"<h1>504 Gateway Time-out</h1>" in answer.body


def test_a_target_that_says_nothing_within_the_idle_timeout_is_504() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        running_envoy(bootstrap(silent.getsockname()[1], idle="0.2s")) as envoy,
    ):
        answer = envoy.get("/x")
    assert (answer.status, answer.one(b"server")) == (504, b"awselb/2.0")
