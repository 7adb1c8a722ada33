"""The vault: what a project keeps and nobody may read, sealed, in files of mode 0600 of the state directory.

The key is in the file that GATELINE_STATE_KEY_FILE names; without one it lies in the vault itself. Then the seal only
keeps values out of greps, of backups of single files and of eyes; who can read the whole folder can open it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from gateline.authority.seal import KEY_BYTES, seal, unseal
from gateline.errors import GatelineError, Unsealable
from gateline.runtime.state_dir import StateDir, write_private

KEY_FILE: Final = "GATELINE_STATE_KEY_FILE"
"""The variable that names the file whose content, at least 32 bytes, is the key of the vault."""

_FOLDER: Final = "vault"
_OWN_KEY: Final = "key"
_ENDING: Final = ".sealed"


class Vault:
    """What is kept sealed, by name. Names may hold any character; at most about 200 bytes.

    Args:
        state: the folder lies in there.
        environ: says where the key is; default: this process's.

    """

    def __init__(self, state: StateDir, environ: Mapping[str, str] | None = None) -> None:
        self._folder = state.path / _FOLDER
        self._state = state
        self._key_file = (os.environ if environ is None else environ).get(KEY_FILE, "")

    def read(self, name: str) -> bytes | None:
        """What is kept by that name, or None.

        Raises:
            Unsealable: the file was changed, or sealed with another key.
            GatelineError: the file or the key cannot be read.

        """
        path = self._path(name)
        try:
            sealed = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise GatelineError(f"{path} cannot be read: {error.strerror}") from error
        try:
            return unseal(self._key(), sealed, purpose=_purpose(name))
        except Unsealable as error:
            raise Unsealable(f"{path} cannot be opened: {error}") from None

    def write(self, name: str, content: bytes) -> None:
        """Keep this by that name, whole or not at all.

        Raises:
            GatelineError: the file cannot be written, or the key not be read.

        """
        path = self._path(name)
        sealed = seal(self._key(), content, purpose=_purpose(name))
        try:
            write_private(path, sealed)
        except OSError as error:
            raise GatelineError(f"{path} cannot be written: {error.strerror}") from error

    def read_members(self, name: str) -> dict[str, Any] | None:
        """What `write_members` kept by that name, or None.

        Raises:
            GatelineError: it cannot be read, or is something else.

        """
        content = self.read(name)
        if content is None:
            return None
        try:
            members = json.loads(content)
        except ValueError:
            raise not_ours(name) from None
        if not isinstance(members, dict):
            raise not_ours(name)
        return members

    def write_members(self, name: str, members: Mapping[str, Any]) -> None:
        """Keep this, a JSON object, by that name.

        Raises:
            GatelineError: it cannot be written.

        """
        self.write(name, json.dumps(members).encode())

    def delete(self, name: str) -> bool:
        """Keep nothing by that name; whether there was something: of several who delete it one is told so."""
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """The names that begin so and under which something is kept, sorted."""
        try:
            files = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return ()
        found = (unquote(file.removesuffix(_ENDING)) for file in files if file.endswith(_ENDING))
        return tuple(sorted(name for name in found if name.startswith(prefix)))

    def _path(self, name: str) -> Path:
        return self._folder / (quote(name, safe="") + _ENDING)

    def _key(self) -> bytes:
        """The key, from the operator's file or our own, which is made when there is none.

        Raises:
            GatelineError: it cannot be read, or is too short to be one.

        """
        folder = self._state.private_folder(_FOLDER)
        path = Path(self._key_file) if self._key_file else folder / _OWN_KEY
        try:
            if not self._key_file and not path.exists():
                _make_key(path)
            content = path.read_bytes()
        except OSError as error:
            raise GatelineError(f"the key of the vault, {path}, cannot be read: {error.strerror}") from error
        if len(content) < KEY_BYTES:
            raise GatelineError(f"the key of the vault, {path}, is shorter than {KEY_BYTES} bytes")
        return hashlib.sha256(b"gateline vault\0" + content).digest()


def not_ours(name: str) -> GatelineError:
    """What to raise when something else is kept by a name than this version keeps."""
    return GatelineError(f"'{name}' in the vault is not what this version keeps")


def _purpose(name: str) -> str:
    return f"vault/{name}"


def _make_key(path: Path) -> None:
    """Make our own key. Whoever else makes it at the same time, one is first and both use that."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".key.")  # mkstemp's mode is 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(handle)  # a key that a loss of power left empty would open nothing of what it sealed
        with suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        Path(temporary).unlink()
