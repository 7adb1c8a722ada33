"""The stages of secrets, kept in the vault: what counts of a secret that is rotated, whoever serves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from gateline.model.secret import Secret, SecretSource
from gateline.rotation.stages import Stages
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import Vault

_FOLDER: Final = "secret/"
_STAGES: Final = "stages"


class SecretStages:
    """What is kept of the secrets of a project that are rotated.

    Args:
        state: the vault lies in there.
        environ: says where the vault's key is; default: this process's.

    """

    def __init__(self, state: StateDir, environ: Mapping[str, str] | None = None) -> None:
        self._vault = Vault(state, environ)

    def read(self, source: SecretSource) -> Stages | None:
        """What is kept of a secret.

        Raises:
            GatelineError: it cannot be read.

        """
        kept = self._vault.read(_kept_as(source))
        return None if kept is None else Stages.read(kept)

    def write(self, source: SecretSource, stages: Stages) -> None:
        """Keep this.

        Raises:
            GatelineError: it cannot be written.

        """
        self._vault.write(_kept_as(source), stages.text())

    def delete(self, source: SecretSource) -> None:
        """Keep nothing."""
        self._vault.delete(_kept_as(source))

    def stale(self, name: str) -> bytes | None:
        """The value of a secret that was dropped last, for `gateline prove`: nobody may accept it. None without one.

        Raises:
            GatelineError: it cannot be read.

        """
        for kept_as in self._vault.names(f"{_FOLDER}{name}/{_STAGES}"):
            kept = self._vault.read(kept_as)
            if kept is not None and (stale := Stages.read(kept).stale):
                return stale
        return None


def as_secret(name: str, stages: Stages) -> Secret:
    """A secret as it counts at its step."""
    return Secret(name, stages.current, stages.accepted)


def _kept_as(source: SecretSource) -> str:
    """Another place is another secret, whatever it is called."""
    place = hashlib.sha256(source.place.encode()).hexdigest()[:12] if source.place else ""
    return f"{_FOLDER}{source.name}/{_STAGES}{place}"
