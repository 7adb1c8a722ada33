"""While the host is away nothing goes out unsigned, and who is known goes on: services would answer 401 otherwise."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from end_to_end.assertions.conftest import ANN, guarded_services

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("assertions")]


def test_a_host_that_is_killed_costs_500_at_most_and_comes_back(tmp_path: Path) -> None:
    with guarded_services(tmp_path) as guarded:
        host = guarded.gateway.pids["host"]
        known = ("/live/open/asgi/a", "/live/guarded/asgi/a")
        for path in known:
            guarded.told(b"GET", path, ANN)
        os.kill(host, signal.SIGSTOP)
        assert [guarded.send(b"GET", path, ANN).status for path in known] == [200, 200]
        os.kill(host, signal.SIGKILL)
        answered: list[int] = []
        while answered[-3:] != [200] * 3 and len(answered) < 20_000:
            answered.append(guarded.send(b"GET", "/bound/open/asgi/a", ANN).status)
            answered.append(guarded.send(b"GET", known[1], ANN).status)
            answered.append(guarded.send(b"GET", f"/live/guarded/asgi/{len(answered)}", ANN).status)
        assert answered[-3:] == [200] * 3
        assert set(answered) == {200, 500}
