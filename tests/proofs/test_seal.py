"""The seal (docs/decisions/0009-seal.md): however the script fails, no request passes, and the worker goes on.

The real script is broken on purpose, right where its work begins, in one way for each value of a header.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from compile.gateways import api, gateway, http_proxy, method
from gateline import dataplane
from harness.recording_backend import RecordingBackend
from proofs.running_envoy import RunningEnvoy, bootstrap_of, running_envoy

MAIN: Final = "\nfunction main(h, attempt)\n"
BREAKAGES: Final = {
    "error": 'error("on purpose")',
    "error-without-text": "error(nil)",
    "error-object": "error({})",
    "nothing-called": "local nothing; nothing()",
    "yield": "coroutine.yield()",
    "yield-in-pcall": "pcall(coroutine.yield)",
    "wrapped-yield": "pcall(function() pcall(coroutine.yield, 1, 2) end) error('after it')",
    "loop": "while true do end",
    "loop-in-pcall": "while true do pcall(function() while true do end end) end",
    "loop-of-calls": "local function f() return f() end f()",
    "recursion": "local function f() return 1 + f() end f()",
    "forgets": "do return end",
    "forgets-and-clears": "h:clearRouteCache() do return end",
    "scope-only": 'h:headers():replace("x-gl-scope", "orders/dev") h:clearRouteCache() do return end',
    "another-mark": 'h:streamInfo():dynamicMetadata():set("gl", "sealed", "ok") do return end',
    "swallowed": 'pcall(error, "x") do return end',
}
"""Lua statements by the value of the header x-break."""

GUARD: Final = b"X-Break: "


def broken_script() -> str:
    """The real script with a breakage for each value of the header."""
    whole = dataplane.script()
    assert whole.count(MAIN) == 1
    lines = [f'  if how == "{name}" then {statement} end\n' for name, statement in BREAKAGES.items()]
    return whole.replace(MAIN, MAIN + '  local how = h:headers():get("x-break")\n' + "".join(lines))


def with_script(bootstrap: dict[str, Any], script: str) -> dict[str, Any]:
    """The bootstrap with another script in the Lua filter."""
    [listener] = bootstrap["static_resources"]["listeners"]
    [manager] = listener["filter_chains"][0]["filters"]
    filters = [f for f in manager["typed_config"]["http_filters"] if f["name"] == "envoy.filters.http.lua"]
    assert len(filters) == 1
    filters[0]["typed_config"]["default_source_code"]["inline_string"] = script
    return bootstrap


@pytest.fixture(scope="module")
def backend() -> Iterator[RecordingBackend]:
    with RecordingBackend() as recording:
        yield recording


@pytest.fixture(scope="module")
def envoy(backend: RecordingBackend) -> Iterator[RunningEnvoy]:
    served = gateway(api(method("ANY", "/{proxy+}", http_proxy("http://b.test/reached"))), port=0)
    bootstrap = with_script(bootstrap_of(served, backend.port), broken_script())
    with running_envoy(bootstrap) as running:
        yield running


@pytest.mark.envoy
@pytest.mark.parametrize("how", BREAKAGES)
def test_a_broken_script_never_lets_a_request_pass(
    envoy: RunningEnvoy, backend: RecordingBackend, how: str
) -> None:
    backend.clear()
    assert envoy.get("/dev/a", GUARD + how.encode()).status in (403, 500)
    assert envoy.get("/dev/a").status == 200  # the worker is alive, and the next request is whole
    assert [each.target for each in backend.received()] == [b"/reached"]


@pytest.mark.envoy
@pytest.mark.parametrize("how", BREAKAGES)
def test_a_refusal_of_a_broken_script_says_nothing_of_why(envoy: RunningEnvoy, how: str) -> None:
    answer = envoy.get("/dev/a", GUARD + how.encode())
    assert b"lua" not in answer.raw.lower()
    assert b"purpose" not in answer.raw
    assert answer.body in (b'{"message": "Internal server error"}', b'{"message":"Forbidden"}')
    assert answer.one(b"content-type") == b"application/json"


@pytest.mark.envoy
def test_without_any_script_nothing_is_reached(backend: RecordingBackend) -> None:
    served = gateway(api(method("ANY", "/{proxy+}", http_proxy("http://b.test/reached"))), port=0)
    idle = with_script(bootstrap_of(served, backend.port), "function envoy_on_request(h) end")
    backend.clear()
    forged = (
        b"x-gl-scope: orders/dev",
        b"x-gl-route: orders/dev ANY /{proxy+}",
        b"gl.route: orders/dev ANY /{proxy+}",
    )
    with running_envoy(idle) as envoy:
        for path in ("/", "/dev", "/dev/a", "/reached", "/orders/dev/a"):
            assert envoy.get(path, *forged).status in (403, 500)
        upgrade = (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: eA==")
        assert envoy.get("/dev/a", *upgrade).status in (403, 500)
    assert backend.received() == []
