"""Renewal of what the state directory holds for the gateway that is served: keys, certificates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from gateline.errors import GatelineError
from gateline.model.gateway import Gateway
from gateline.runtime.candidate import TakesIn
from gateline.runtime.upkeep import Duty


def renewal(name: str, serving: TakesIn, due: Callable[[Gateway], datetime | None]) -> Duty:
    """The duty to make, change and drop what the state directory holds for a gateway when it is time.

    Args:
        name: of the duty.
        serving: serves it, and lets count what the state directory holds by now.
        due: when there is something to do for a gateway; a GatelineError: now, and `serving` says why.

    """

    def moment() -> datetime | None:
        served = serving.served
        if served is None or served.gateway is None:
            return None
        try:
            return due(served.gateway)
        except GatelineError:
            return datetime.now(UTC)

    return Duty(name=name, due=moment, work=serving.take_in)
