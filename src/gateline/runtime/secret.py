"""Secrets: read where the project file says, checked for what a header can carry, kept out of children.

Messages name the secret and its source, never the value or a part of it (DESIGN D8, `attacks.md` A9).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from gateline.errors import GatelineError
from gateline.model.codes import SECRET_INVALID, SECRET_UNREADABLE
from gateline.model.diagnostic import Complaints
from gateline.model.secret import Secret, SecretSource, SecretSourceKind
from gateline.rotation.stages import Stages
from gateline.runtime.aws_secret import read_from_aws
from gateline.runtime.secret_stages import SecretStages, as_secret
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import Vault

LONGEST: Final = 8192
"""Bytes. Well inside the header limits of common backends."""

GENERATED_BYTES: Final = 32

ROTATED: Final = frozenset({SecretSourceKind.GENERATE, SecretSourceKind.AWS})
"""Sources of secrets that are rotated here; whoever changes a variable or a file rotates the others."""


def read_secrets(
    sources: Iterable[SecretSource],
    environ: Mapping[str, str],
    folder: Path,
    state: StateDir,
    complaints: Complaints,
) -> tuple[Secret, ...]:
    """The values of all secrets; what cannot be read or used is a complaint, and left out.

    Of one that is rotated here count the values that its stages say, wherever the first one came from.

    Args:
        sources: where the project file says the values are.
        environ: the environment that `env` sources are read from.
        folder: what relative paths of `file` sources are relative to.
        state: keeps the `generate` ones.
        complaints: where faults are told.

    """
    found = []
    for source in sources:
        try:
            staged = _staged(source, SecretStages(state, environ))
            value = None if staged else _read(source, environ, folder, state, complaints)
        except (GatelineError, OSError) as error:
            complaints.add(SECRET_UNREADABLE, source.origin, f"secret '{source.name}': {error}")
            continue
        if staged:
            found.append(staged)
        elif value is not None:
            if fault := header_value_fault(value):
                message = f"secret '{source.name}' ({described(source)}) cannot be sent in a header: {fault}"
                complaints.add(SECRET_INVALID, source.origin, message)
            else:
                found.append(Secret(source.name, value))
    return tuple(found)


def staged_secrets(
    secrets: Iterable[Secret], sources: Iterable[SecretSource], kept: SecretStages
) -> tuple[Secret, ...]:
    """Secrets as they count at the steps of their rotations by now; those that are not rotated here as they are.

    Raises:
        GatelineError: what is kept of one cannot be read.

    """
    rotated = {source.name: secret for source in sources if (secret := _staged(source, kept))}
    return tuple(rotated.get(secret.name, secret) for secret in secrets)


def _staged(source: SecretSource, kept: SecretStages) -> Secret | None:
    if source.kind not in ROTATED:
        return None
    stages = kept.read(source)
    return as_secret(source.name, stages) if stages else None


def header_value_fault(value: bytes) -> str:
    """Why these bytes can't be a header's value, or "".

    Envoy takes CR, LF and NUL over SDS and then answers every request with 503 (`envoy-facts.md` 9.1), so
    they are refused here; an empty value would let the client's own header through.
    """
    if not value:
        return "it is empty"
    if len(value) > LONGEST:
        return f"it is longer than {LONGEST} bytes"
    if any(byte < 0x20 or byte == 0x7F for byte in value):
        return "it holds a control byte (a line end, a tab, NUL, ...)"
    if value != value.strip(b" "):
        return "it begins or ends with a blank"
    return ""


def without_secrets(environ: Mapping[str, str], sources: Iterable[SecretSource]) -> dict[str, str]:
    """The environment without the variables that secrets are read from: what a child may see."""
    hidden = {source.place for source in sources if source.kind is SecretSourceKind.ENV}
    return {name: value for name, value in environ.items() if name not in hidden}


def described(source: SecretSource) -> str:
    """Where a secret is read, for people."""
    match source.kind:
        case SecretSourceKind.ENV:
            return f"environment variable {source.place}"
        case SecretSourceKind.FILE:
            return f"file {source.place}"
        case SecretSourceKind.GENERATE:
            return "generated"
        case SecretSourceKind.AWS:
            return source.place


def _read(
    source: SecretSource, environ: Mapping[str, str], folder: Path, state: StateDir, complaints: Complaints
) -> bytes | None:
    match source.kind:
        case SecretSourceKind.ENV:
            text = environ.get(source.place)
            if text is None:
                complaints.add(
                    SECRET_UNREADABLE,
                    source.origin,
                    f"secret '{source.name}': the environment variable {source.place} is not set",
                    help=f"set {source.place} in the environment of gateline, or name another source",
                )
                return None
            return os.fsencode(text)
        case SecretSourceKind.FILE:
            return _read_file(source, folder / source.place, complaints)
        case SecretSourceKind.GENERATE:
            return _generated(source, Vault(state, environ), SecretStages(state, environ), state)
        case SecretSourceKind.AWS:
            return read_from_aws(source, complaints)


def _read_file(source: SecretSource, path: Path, complaints: Complaints) -> bytes | None:
    try:
        with path.open("rb") as file:
            value = file.read(LONGEST + 3)  # enough to see that it is too long
    except OSError as error:
        message = f"secret '{source.name}': {path} cannot be read: {error.strerror}"
        complaints.add(SECRET_UNREADABLE, source.origin, message)
        return None
    # Editors and `echo` end a file with a line end that is not part of the secret.
    return value.removesuffix(b"\n").removesuffix(b"\r")


def _generated(source: SecretSource, vault: Vault, kept: SecretStages, state: StateDir) -> bytes:
    """A value that is made, or was by an older version, and is kept from now on.

    Raises:
        GatelineError: it cannot be read or written.
        OSError: nor the file of an older version.

    """
    former = f"secret/{source.name}/current"
    plain = state.path / "secrets" / f"secret-{quote(source.name, safe='')}"
    value = vault.read(former) or _of_older_version(plain) or new_value()
    now = datetime.now(UTC)
    kept.write(source, Stages(current=value, begun=now, since=now))
    vault.delete(former)
    plain.unlink(missing_ok=True)
    return value


def new_value() -> bytes:
    """A value that nobody can guess."""
    return secrets.token_urlsafe(GENERATED_BYTES).encode("ascii")


def _of_older_version(plain: Path) -> bytes:
    """What an older version kept in a plain file, or b"": it is taken over once."""
    try:
        return plain.read_bytes()
    except FileNotFoundError:
        return b""
