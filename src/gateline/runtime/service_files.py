"""What services are given as files: secrets, certificates, keys; replaced whole while their tasks run.

A service's folder is the same for the life of a run, so that a task which reads a file again finds what counts now.
Only the service's own user may read it, and nobody but us may write there: a task cannot put a link in the place of
what we write next.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gateline.model.gateway import Keyring
from gateline.model.service import Service
from gateline.runtime.state_dir import StateDir
from gateline.services.task import (
    CA_FILE,
    CERTIFICATE_FILE,
    JWKS_FILE,
    PRIVATE_KEY_FILE,
    given_files,
    secret_file,
)


class ServiceFiles:
    """The folders of all services of a run.

    Args:
        state: they lie in its `task_folder()`.

    """

    def __init__(self, state: StateDir) -> None:
        self._state = state

    def path(self, service: str) -> Path:
        """Where a service's folder is, once something was put there."""
        # Short whatever the service's name is, and no task's socket has it (`cluster_task.open_socket_folder`).
        name = hashlib.sha256(b"files\0" + service.encode()).hexdigest()[:12]
        return self._state.task_folder() / name

    def folder(self, service: str, uid: int) -> Path:
        """A service's folder, made if it is missing.

        Args:
            service: its name.
            uid: the user that may read there, as its own group's member; negative: ours.

        Raises:
            OSError: it cannot be made.

        """
        folder = self.path(service)
        folder.mkdir(mode=0o700, exist_ok=True)
        if uid >= 0:
            os.chown(folder, 0, uid)
            folder.chmod(0o750)
        return folder

    def put(self, service: str, uid: int, files: Mapping[str, bytes]) -> None:
        """Let these files of a service have these contents, each of them whole at every moment.

        A file that has its content already is not touched. Others stay: a task that is about to be replaced may
        need them still.

        Args:
            service: its name.
            uid: as for `folder`.
            files: contents by file name.

        Raises:
            OSError: one cannot be written.

        """
        if not files:
            return
        folder = self.folder(service, uid)
        for name, content in files.items():
            path = folder / name
            if not (path.exists() and path.read_bytes() == content):
                _replace(path, content, uid)

    def remove(self, service: str) -> None:
        """Leave nothing of a service that is over."""
        shutil.rmtree(self.path(service), ignore_errors=True)


def files_of(service: Service, keyring: Keyring) -> dict[str, bytes]:
    """What a service is given as files, by file name.

    A secret's file holds one value a line that the service must accept, the one that is sent first.

    Raises:
        KeyError: a secret is not in the keyring.

    """
    secrets = {secret.name: secret for secret in keyring.secrets}
    files = {
        secret_file(name): b"".join(value + b"\n" for value in secrets[name].reveal_accepted())
        for _, name in service.secret_files
    }
    keys = {JWKS_FILE: keyring.jwks} if JWKS_FILE in given_files(service) else {}
    return files | keys | certificates_of(service, keyring)


def certificates_of(service: Service, keyring: Keyring) -> dict[str, bytes]:
    """Whom a service is to believe, and who it is: the files of the built-in authority, by file name."""
    wanted = given_files(service)
    found = {CA_FILE: keyring.authority}
    own = next((each for each in keyring.services if each.name == service.name), None)
    if own is not None:
        found |= {CERTIFICATE_FILE: own.chain, PRIVATE_KEY_FILE: own.private_key.reveal()}
    return {name: content for name, content in found.items() if name in wanted}


def _replace(path: Path, content: bytes, uid: int) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp's mode is 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if uid >= 0:
                os.fchown(handle, 0, uid)
            os.fchmod(handle, 0o440 if uid >= 0 else 0o400)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
