"""Where secrets lie open on this machine: in words of commands, in environments of other users, in files.

Only names are told: of the secret, of the process by its id, of the file. What users may not see is not looked at, so
without root it is our own user's processes that are looked through, and everybody's words.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from gateline.model.gateway import Gateway, Keyring, TlsFiles
from gateline.model.secret import SecretSourceKind
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import KEY_FILE

PROC: Final = Path("/proc")
"""Where processes are told; missing on other systems than Linux."""

SHORTEST: Final = 8
"""Bytes of a value that is looked for: shorter ones stand everywhere by chance."""


def exposed(keyring: Keyring, allowed: frozenset[int], proc: Path = PROC) -> Iterator[dict[str, Any]]:
    """The processes that show a secret: in their words, which everybody reads, or in another user's environment.

    Args:
        keyring: holds the values.
        allowed: the users that may have them: the gateway's, and those of its tasks.
        proc: where processes are told.

    """
    values = {
        secret.name: {value for value in secret.reveal_accepted() if len(value) >= SHORTEST}
        for secret in keyring.secrets
    }
    for process in sorted(proc.iterdir()):
        if process.name.isdigit():
            with suppress(OSError):  # it has ended
                yield from _shown(process, values, allowed)


def _shown(
    process: Path, values: Mapping[str, Iterable[bytes]], allowed: frozenset[int]
) -> Iterator[dict[str, Any]]:
    uid = process.stat().st_uid
    looked_at = {"words": process / "cmdline"}
    if uid not in allowed:
        looked_at["environment"] = process / "environ"
    for where, file in looked_at.items():
        try:
            content = file.read_bytes()
        except PermissionError:
            continue
        for name, wanted in values.items():
            if any(value in content for value in wanted):
                yield {"secret": name, "pid": int(process.name), "uid": uid, "where": where}


def private_paths(gateway: Gateway, state: StateDir, environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The paths that are nobody else's business: the state directory and what lies in it, and files with secrets.

    `kind`: "state" for what is the gateway's user's alone, "secret" for files that whoever wrote them may own.
    """
    folders = [state.path, state.sockets, *(each for each in sorted(state.path.iterdir()) if each.is_dir())]
    for folder in dict.fromkeys(folders):
        yield {"kind": "state", "path": str(folder)}
    vault = state.path / "vault"
    for file in [state.bootstrap, state.accepted, *(sorted(vault.iterdir()) if vault.is_dir() else ())]:
        if os.path.lexists(file):
            yield {"kind": "state", "path": str(file)}
    if environ.get(KEY_FILE):
        yield {"kind": "secret", "path": str(Path(environ[KEY_FILE]).absolute())}
    for source in gateway.secrets:
        if source.kind is SecretSourceKind.FILE:
            yield {"kind": "secret", "path": source.place}
    certificates = [gateway.edge.tls, *(each.source for each in gateway.certificates)]
    for tls in certificates:
        if isinstance(tls, TlsFiles):
            yield {"kind": "secret", "path": tls.private_key}
