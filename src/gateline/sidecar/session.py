"""What `gateline sidecar` does: writes what Envoy starts with, and becomes that Envoy.

There is no process of ours beside it: whoever started the sidecar (systemd, ECS, Gateline itself) sees Envoy end, and
its signals reach Envoy.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from gateline.compile.sidecar import (
    Application,
    CertificateProof,
    HeaderProof,
    certificate_secrets,
    secret_file,
    sidecar_bootstrap,
)
from gateline.errors import FileUnreadable, GatelineError
from gateline.runtime.descriptors import raise_limit
from gateline.runtime.envoy import environment, find_envoy
from gateline.runtime.listening import reserve
from gateline.runtime.state_dir import own_folder, write_private

BOOTSTRAP_FILE: Final = "bootstrap.json"


def header_proof(header: str, secrets: Path, health_path: str) -> HeaderProof:
    """The proof by a header.

    Raises:
        FileUnreadable: the file of secrets cannot be read, or holds no value.

    """
    if not any(line.strip() for line in _read(secrets).splitlines()):
        raise FileUnreadable(f"{secrets} holds no value: one accepted value stands on each line")
    return HeaderProof(header=header.lower(), secrets=str(secrets.absolute()), health_path=health_path)


def certificate_proof(
    identity: str, *, certificate: Path, private_key: Path, authority: Path, folder: Path
) -> CertificateProof:
    """The proof by a client certificate; what Envoy needs for it is written into `folder`.

    Raises:
        FileUnreadable: a file cannot be read.
        GatelineError: the three files do not lie in one folder, which Envoy watches.

    """
    files = [each.absolute() for each in (certificate, private_key, authority)]
    for file in files:
        _read(file)
    if len({file.parent for file in files}) > 1:
        message = (
            "the certificate, its key and the authority must lie in one folder: "
            "they are taken anew when something in it is renamed"
        )
        raise GatelineError(message)
    secrets = certificate_secrets(
        certificate=str(files[0]),
        private_key=str(files[1]),
        authority=str(files[2]),
        folder=str(files[0].parent),
    )
    folder = folder.absolute()
    _private(folder)
    for name, content in secrets.items():
        write_private(Path(secret_file(str(folder), name)), json.dumps(content).encode())
    return CertificateProof(identity=identity, folder=str(folder))


def become_envoy(
    *,
    service: str,
    address: str,
    port: int,
    application: Application,
    proof: HeaderProof | CertificateProof,
    folder: Path,
    environ: Mapping[str, str],
) -> NoReturn:
    """Be the sidecar's Envoy from now on.

    Raises:
        GatelineError: there is no Envoy, or the folder or the port cannot be had.

    """
    envoy = find_envoy(environ)
    _, kept = reserve(address, port)  # Envoy would share it with whoever listens there already
    if kept:
        kept.close()
    content = sidecar_bootstrap(
        service=service, address=address, port=port, application=application, proof=proof
    )
    _private(folder)
    bootstrap = folder / BOOTSTRAP_FILE
    write_private(bootstrap, json.dumps(content).encode())
    words = (
        str(envoy.path),
        "--config-path",
        str(bootstrap),
        "--concurrency",
        "1",
        "--disable-hot-restart",
        "--log-level",
        "warning",  # debug and trace would show the header with its value
    )
    raise_limit({})  # a connection takes two descriptors
    os.execve(envoy.path, words, environment(environ))  # noqa: S606 - our own Envoy, without a shell


def _private(folder: Path) -> None:
    own_folder(folder.parent, follow=True)
    own_folder(folder)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read: {error.strerror}") from error
