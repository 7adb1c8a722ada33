from __future__ import annotations

import os
import socket
import sys

import pytest

from gateline.errors import AddressInUse
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.reservation import reserve_for


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
