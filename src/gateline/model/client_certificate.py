"""Client certificates: what the gateway shows to services, so that they know it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from gateline.model.origin import Origin

BUILT_IN: Final = "gateline"
"""The name of the built-in authority, where the project file says who is believed."""

SYSTEM: Final = "system"
"""The name of the authorities that this machine believes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """A client certificate of the project file: issued by the built-in authority, or read from files."""

    name: str
    certificate: str = ""  # the path of a PEM file; "": issued by the built-in authority
    private_key: str = ""
    rotate_every: timedelta = timedelta(days=30)  # of an issued one
    origin: Origin
