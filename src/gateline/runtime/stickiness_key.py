"""The key with which Envoy's script seals the cookies of stickiness (docs/decisions/0025-sticky-targets.md).

The script reads it from its file, so that it stands in no configuration. Whoever has it could read in a cookie which
target a client has; to choose one that is not registered it does not serve.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from gateline.compile.stickiness import uses_stickiness
from gateline.errors import GatelineError
from gateline.model.gateway import Gateway
from gateline.runtime.state_dir import StateDir, write_private

_NAME: Final = "stickiness"
_BYTES: Final = 32


def stickiness_key(gateway: Gateway, state: StateDir) -> Path:
    """The file of the key, 64 hexadecimal digits; made, with mode 0600, when a project needs it first.

    Raises:
        GatelineError: it cannot be written.

    """
    path = state.path / "secrets" / _NAME
    if uses_stickiness(gateway) and not path.exists():
        state.private_folder("secrets")
        try:
            write_private(path, secrets.token_hex(_BYTES).encode())
        except OSError as error:
            raise GatelineError(f"{path} cannot be written: {error.strerror}") from error
    return path
