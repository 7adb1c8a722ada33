from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack

import pytest

from compile.balancers import balancer, listener, project
from gateline.errors import AddressInUse
from gateline.model.load_balancer import ListenerProtocol
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.reservation import reserve_balancers, reserve_for
from harness.free_port import free_port


class Remembering(LocalProcesses):
    """What a house would hold."""

    def __init__(self) -> None:
        super().__init__()
        self.handles: dict[str, int] = {}

    def hold(self, key: str, handle: int, *, emptied: bool = False) -> None:  # noqa: ARG002
        self.handles[key] = os.dup(handle)

    def held(self, key: str) -> int | None:
        return self.handles.pop(key, None)


def closed(kept: socket.socket | None) -> None:
    if kept is not None:
        kept.close()


def test_a_port_that_was_picked_stays_while_somebody_listens_there() -> None:
    processes = Remembering()
    port, kept = reserve_for(processes, "gateway", "127.0.0.1", 0)
    closed(kept)  # control ended
    with socket.socket() as envoy:
        if sys.platform == "linux":
            envoy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        envoy.bind(("127.0.0.1", port))
        envoy.listen()
        for wanted in (0, port):
            processes.handles.setdefault("port/gateway", os.dup(envoy.fileno()))
            again, kept = reserve_for(processes, "gateway", "127.0.0.1", wanted)
            closed(kept)
            assert again == port


def test_another_port_or_address_is_asked_for_anew() -> None:
    processes = Remembering()
    port, kept = reserve_for(processes, "gateway", "127.0.0.1", 0)
    closed(kept)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AddressInUse):
        reserve_for(processes, "gateway", "127.0.0.1", taken.getsockname()[1])
    with socket.create_server(("127.0.0.2", port)), pytest.raises(AddressInUse, match="--other"):
        reserve_for(processes, "gateway", "127.0.0.2", port, another="--other")
    for handle in processes.handles.values():
        os.close(handle)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a port that it does not listen at")
def test_sockets_of_balancers_of_the_internet_are_kept_while_control_serves() -> None:
    processes = Remembering()
    port = free_port()
    gateway = project(balancer(listener(bind_port=port)))
    with ExitStack() as opened:
        reserve_balancers(processes, gateway, opened)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
    for handle in processes.handles.values():
        os.close(handle)


def test_a_taken_socket_of_a_balancer_names_what_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, ExitStack() as opened:
        gateway = project(balancer(listener(bind_port=taken.getsockname()[1])))
        with pytest.raises(AddressInUse, match="another with `bind`"):
            reserve_balancers(Remembering(), gateway, opened)


def test_a_port_for_datagrams_is_asked_for_once_and_stays_envoys() -> None:
    processes = Remembering()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as envoy, ExitStack() as opened:
        envoy.bind(("127.0.0.1", 0))
        port = envoy.getsockname()[1]
        gateway = project(balancer(listener(bind_port=port, protocol=ListenerProtocol.UDP)))
        with pytest.raises(AddressInUse, match="another with `bind`"):
            reserve_balancers(processes, gateway, opened)
        envoy.close()
        reserve_balancers(processes, gateway, opened)
        assert processes.handles == {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as envoy, ExitStack() as opened:
        envoy.bind(("127.0.0.1", port))
        reserve_balancers(processes, gateway, opened)  # control came back
