"""Expiry: people are told, day after day, of certificates that end soon and that nobody renews by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from gateline.runtime.candidate import Candidate

WARN_BEFORE: Final = timedelta(days=30)
"""As `attacks.md` F6 wants it, and as a start warns (`certificate.RENEW_BEFORE`)."""

REMIND_EVERY: Final = timedelta(days=1)


class Expiry:
    """Watches the ends of certificates.

    Args:
        served: what serves now.
        warn: tells people.
        now: the time (UTC).

    """

    def __init__(
        self,
        served: Callable[[], Candidate | None],
        warn: Callable[[str], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._served = served
        self._warn = warn
        self._now = now
        self._told = now()  # a start tells of those that end soon, as diagnostics

    def due(self) -> datetime | None:
        """A day after people were told last."""
        return self._told + REMIND_EVERY

    async def work(self) -> None:
        """Tell of each that ends soon."""
        # Only now: the library takes a tenth of the time of a start.
        from gateline.runtime.certificate_facts import given  # noqa: PLC0415

        self._told = self._now()
        served = self._served()
        if served is None or served.gateway is None:
            return
        for certificate in given(served.gateway, served.keyring):
            left = certificate.expires - self._told
            if left < WARN_BEFORE:
                what = "expired on" if left <= timedelta() else "expires on"
                name = f"the {certificate.kind} certificate '{certificate.name}'"
                self._warn(f"{name} {what} {certificate.expires:%Y-%m-%d %H:%M} UTC")
