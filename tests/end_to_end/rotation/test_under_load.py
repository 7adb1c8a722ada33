"""Secrets are replaced under load: no request fails for it, and whoever sends the former value is refused."""

from __future__ import annotations

import pytest

from end_to_end.rotation.conftest import HEADERS, Rotating, request
from harness.busy_callers import BusyCallers

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("rotation")]

STEPS = ["pending", "accepted", "current", "settled", "dropped", "proven", "idle"]


@pytest.mark.parametrize(("name", "times"), [("Filed", 3), ("Probed", 3), ("Started", 1)])
def test_no_request_fails_while_a_secret_is_rotated_and_the_former_value_is_refused(
    rotating: Rotating, name: str, times: int
) -> None:
    stale: set[bytes] = set()
    with BusyCallers(rotating.gateway.port, request(name), count=3) as callers:
        callers.go_on_for(20)
        for _ in range(times):
            rotating.rotate(name)
            assert rotating.reached(name) == STEPS
            former = rotating.stale(name)
            assert former is not None
            assert rotating.directly(name, former) <= {401, 403}
            stale.add(former)
            callers.go_on_for(20)
    assert set(callers.answers) == {200}
    assert callers.refused == 0
    assert len(stale) == times
    assert HEADERS[name]
    assert rotating.secrets()[name]["problem"] == ""
    assert rotating.secrets()[name]["stages"] == ["AWSCURRENT"]
