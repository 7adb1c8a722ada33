from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from gateline.control.publication import Publisher
from gateline.errors import EnvoyUnavailable
from gateline.model.gateway import Edge
from gateline.model.origin import Origin
from gateline.runtime import edge_envoy
from gateline.runtime.edge_envoy import EdgeEnvoy
from gateline.runtime.notice import EnvoyCrashed, Notice
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.state_dir import hold_state_dir

pytestmark = pytest.mark.envoy


def test_one_that_does_not_serve_is_told_and_started_again_if_it_served_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_envoy, "START_SECONDS", 0.2)
    told: asyncio.Queue[Notice] = asyncio.Queue()

    async def play() -> None:
        publisher = Publisher(call_later=asyncio.get_running_loop().call_later)  # nobody serves it
        with hold_state_dir(tmp_path, None, os.environ) as state:
            async with LocalProcesses() as processes:
                envoy = EdgeEnvoy(
                    Edge(origin=Origin("gateline.yaml")),
                    os.environ,
                    state,
                    processes,
                    publisher,
                    told.put_nowait,
                )
                with pytest.raises(EnvoyUnavailable, match="Envoy did not serve within"):
                    await envoy.first_answer()
                assert told.empty()
                envoy._keeper.ready()
                with pytest.raises(EnvoyUnavailable):
                    await envoy.first_answer()
                async with asyncio.timeout(20):
                    crash = await told.get()
                assert isinstance(crash, EnvoyCrashed)
                assert crash.hung
                envoy.stop()
                envoy.stop()
                await envoy.finished()

    asyncio.run(play())
