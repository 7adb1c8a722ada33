"""The words and the environment that a task is started with, and the hash that says when it must be replaced."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gateline.model.secret import Secret
from gateline.model.service import PREVIOUS, Service

PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""What a task learns from Gateline's own environment; no credentials of a cloud, nothing of the gateway's."""

MARK: Final = "GATELINE_TASK"
"""The variable by which everything that a task has started is found again, when it is to be ended."""

PORT: Final = "{port}"
SOCKET: Final = "{socket}"

CA_FILE: Final = "ca.pem"
CERTIFICATE_FILE: Final = "certificate.pem"
PRIVATE_KEY_FILE: Final = "private_key.pem"
JWKS_FILE: Final = "jwks.json"

FILES: Final = {
    "{ca_file}": CA_FILE,
    "{certificate_file}": CERTIFICATE_FILE,
    "{private_key_file}": PRIVATE_KEY_FILE,
    "{jwks_file}": JWKS_FILE,
}
"""The files that a service is given when its command or environment holds what stands for their paths."""

_PLAIN_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_DIGITS: Final = 16


def takes_port(service: Service) -> bool:
    """Whether its tasks listen at a port of loopback each."""
    return any(PORT in word for word in service.command)


def takes_socket(service: Service) -> bool:
    """Whether its tasks listen at a Unix socket each."""
    return any(SOCKET in word for word in service.command)


def given_files(service: Service) -> frozenset[str]:
    """The names of the files that its command and environment ask for."""
    words = (*service.command, *(value for _, value in service.environment))
    return frozenset(file for mark, file in FILES.items() if any(mark in word for word in words))


def command_words(service: Service, *, port: int = 0, socket: str = "", files: str = "") -> tuple[str, ...]:
    """The service's command for one task. `socket` and `files` are paths; nothing else in braces is touched."""
    return tuple(
        _with_files(word.replace(PORT, str(port)).replace(SOCKET, socket), files) for word in service.command
    )


def task_environment(
    service: Service,
    environ: Mapping[str, str],
    *,
    secrets: Mapping[str, Secret],
    mark: str,
    port: int = 0,
    files: str = "",
) -> dict[str, str]:
    """The whole environment of a task's process; what the project file declares wins, but for the mark.

    PATH begins with the folder of Gateline's own interpreter, so that `python` is that one. PORT tells a task of
    `{port}` its port once more, because many programs look there. `secrets`: by their names in the project
    file; KeyError when one of the service's is missing. `mark` "": whoever starts the process puts it in. `files`: the
    folder of what the service is given as files.
    """
    found = {name: environ[name] for name in PASSED_ON if name in environ}
    found["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), found.get("PATH") or _PLAIN_PATH))
    if takes_port(service):
        found["PORT"] = str(port)
    found |= {name: _with_files(value, files) for name, value in service.environment}
    for variable, name in service.secrets:
        found |= dict(zip((variable, variable + PREVIOUS), _values(secrets[name]), strict=False))
    found |= {variable: f"{files}/{secret_file(name)}" for variable, name in service.secret_files}
    return found | ({MARK: mark} if mark else {})


def _with_files(text: str, folder: str) -> str:
    for mark, file in FILES.items():
        text = text.replace(mark, f"{folder}/{file}")
    return text


def secret_file(name: str) -> str:
    """The name of the file that holds a secret's values."""
    return f"secret-{name}"


def _values(secret: Secret) -> list[str]:
    return [os.fsdecode(value) for value in secret.reveal_accepted()]


def revision(
    service: Service,
    *,
    secrets: Mapping[str, Secret],
    key: bytes,
    certificates: Mapping[str, bytes] | None = None,
) -> str:
    """A hash of all that a task is started with: another one means that the tasks must be replaced.

    How many there are, how they are replaced and how they are stopped is not in it, as at Amazon: such a change starts
    no deployment. Neither is anything on the disk; of what it is given as files only `certificates` are (contents by
    name), which servers read when they start, and hardly any again. Values of secrets in variables are, so the hash is
    keyed: nobody who reads it in a log can try values. `key`: at most 64 bytes, the same as long as tasks shall be
    recognised.
    """
    content = (
        service.command,
        service.cwd,
        service.target_group,
        sorted(service.environment),
        # Which of two values is sent makes no difference to a task that accepts both.
        sorted((variable, sorted(_values(secrets[name]))) for variable, name in service.secrets),
        sorted(service.secret_files),
    )
    digest = hashlib.blake2b(json.dumps(content).encode(), key=key)
    for name, held in sorted((certificates or {}).items()):
        digest.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(held).digest())
    return digest.hexdigest()[:_DIGITS]
