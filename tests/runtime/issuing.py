"""A project that wants certificates of the built-in authority, and somebody who serves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from gateline.errors import GatelineError
from gateline.model.client_certificate import ClientCertificate
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Edge, Gateway, Keyring
from gateline.model.origin import Origin
from gateline.model.service import Service
from gateline.runtime.candidate import Candidate, Memory, read
from gateline.runtime.material import live
from gateline.runtime.state_dir import StateDir
from runtime.projects import MOCK, write_project

HERE: Final = Origin(file="gateline.yaml")
NOW: Final = datetime.now(UTC)
SHOP: Final = Gateway(
    name="shop",
    edge=Edge(origin=HERE),
    apis=(),
    client_certificates=(ClientCertificate(name="mine", rotate_every=timedelta(days=1), origin=HERE),),
    services=(Service(name="orders", command=("serve", "{certificate_file}"), cwd="/", origin=HERE),),
    origin=HERE,
)


class Serves:
    """Serves a gateway with what the state directory holds when it is told to look."""

    def __init__(self, state: StateDir, folder: Path, gateway: Gateway = SHOP) -> None:
        self._state = state
        self._loaded = read(write_project(folder, {"/hello": MOCK}), Memory())
        self._gateway = gateway
        self.problem = ""
        self.served: Candidate | None = None

    async def take_in(self) -> None:
        """Look."""
        if self.problem:
            raise GatelineError(self.problem)
        before = self.served.keyring if self.served else Keyring()
        keyring = live(before, self._gateway, (), self._state, Complaints())
        served = self.served or Candidate(
            loaded=self._loaded,
            gateway=self._gateway,
            resources=None,
            report=self._loaded.report,
        )
        self.served = replace(served, keyring=keyring)
