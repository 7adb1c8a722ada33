"""What the state directory keeps of API keys: those that commands have made, as digests, and the pepper of all digests.

    keys.json, 0600: {"keys": [{"id", "name", "digest", "enabled", "plans"}, ...], "revoked": [{"id", "digest"}, ...]}

No value of a key is ever written. Whoever holds the state directory may change the file: control of a gateway that
runs, or a command when none does.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateline.errors import GatelineError
from gateline.model.usage_plan import ApiKey
from gateline.runtime.state_dir import StateDir, write_private

KEYS: Final = "keys.json"
_PEPPER: Final = "api-key-pepper"
_PEPPER_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKeys:
    """The keys of the state directory. `revoked`: of keys declared elsewhere, by digest, with their ids."""

    keys: tuple[ApiKey, ...] = ()
    revoked: Mapping[str, str]


NO_KEYS: Final = HeldKeys(revoked={})


class KeyStore:
    """The file of keys and the pepper of one state directory."""

    def __init__(self, state: StateDir) -> None:
        self._state = state

    def pepper(self) -> str:
        """The key of the digests; made when it is first needed.

        Without it no held key could be known again, so it is as old as they are.
        """
        path = self._state.private_folder("secrets") / _PEPPER
        try:
            return path.read_text(encoding="ascii")
        except FileNotFoundError:
            made = secrets.token_hex(_PEPPER_BYTES)
            write_private(path, made.encode())
            return made

    def read(self) -> HeldKeys:
        """The keys as they are now.

        Raises:
            GatelineError: the file cannot be read, or is not one that we wrote.

        """
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return NO_KEYS
        except (OSError, UnicodeDecodeError) as error:
            raise self._unreadable() from error
        try:
            held = json.loads(text)
            return HeldKeys(
                keys=tuple(_key(each) for each in held["keys"]),
                revoked={str(each["digest"]): str(each["id"]) for each in held["revoked"]},
            )
        except (ValueError, LookupError, TypeError) as error:
            raise self._unreadable() from error

    def write(self, held: HeldKeys) -> None:
        """Keep these keys instead, whole or not at all.

        Raises:
            GatelineError: the state directory cannot be written.

        """
        content = {
            "keys": [_written(key) for key in held.keys],
            "revoked": [{"id": key_id, "digest": digest} for digest, key_id in held.revoked.items()],
        }
        try:
            write_private(self._path, json.dumps(content, indent=1).encode())
        except OSError as error:
            message = f"{self._path} cannot be written: {error.strerror}"
            raise GatelineError(message) from error

    @property
    def _path(self) -> Path:
        return self._state.path / KEYS

    def _unreadable(self) -> GatelineError:
        return GatelineError(
            f"{self._path} cannot be read: put back a copy of it, or remove it with its keys"
        )


def _key(held: dict[str, Any]) -> ApiKey:
    if not isinstance(held["enabled"], bool):
        raise TypeError
    return ApiKey(
        key_id=str(held["id"]),
        name=str(held["name"]),
        digest=str(held["digest"]),
        enabled=held["enabled"],
        plans=tuple(str(plan) for plan in held["plans"]),
    )


def _written(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "name": key.name,
        "digest": key.digest,
        "enabled": key.enabled,
        "plans": list(key.plans),
    }
