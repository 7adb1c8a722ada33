from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from gateline.runtime.house_wire import command_fields, command_of, line, receive_handle, send_handle
from gateline.runtime.process import Command


def test_a_command_arrives_as_it_was_sent(tmp_path: Path) -> None:
    command = Command(
        arguments=("a", "b c"),
        environment={"NAME": "välue\n"},
        folder=tmp_path,
        log=tmp_path / "log",
        uid=7,
        mark="NAME=value",
    )
    sent = line(command=command_fields(command))
    assert sent.count(b"\n") == 1
    assert command_of(json.loads(sent)["command"]) == command


def test_descriptors_arrive_with_their_keys(tmp_path: Path) -> None:
    here, there = socket.socketpair()
    there.setblocking(False)
    with here, there, (tmp_path / "one").open("w") as one, (tmp_path / "two").open("w") as two:
        send_handle(here, "one", one.fileno(), emptied=False)
        send_handle(here, "two", two.fileno(), emptied=True)
        for key, file, emptied in (("one", one, False), ("two", two, True)):
            received = receive_handle(there)
            assert received is not None
            assert (received[0], received[2]) == (key, emptied)
            assert os.path.sameopenfile(received[1], file.fileno())
            assert not os.get_inheritable(received[1])
            os.close(received[1])
        with pytest.raises(BlockingIOError):
            receive_handle(there)
        here.close()
        assert receive_handle(there) is None
