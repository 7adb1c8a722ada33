"""Who a node is: enrolled with a token, kept in its own folder, renewed with the key that it has.

The key is made here and leaves this folder never. It lies in one file with its certificate, as Envoy reads both (SDS),
so that both change at once.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gateline.authority.link_certificates import make_key, make_request, sign_renewal, valid_until
from gateline.compile.sidecar import AUTHORITY, CERTIFICATE, secret_file
from gateline.errors import FileUnreadable, GatelineError
from gateline.model.tunnel import ENROLMENT_NAME
from gateline.runtime.link_desk import NODE_LIFE, RENEWED_AFTER
from gateline.runtime.state_dir import write_private
from gateline.sources.project_values import split_host_port

PATIENCE: Final = 20.0
_RECORD: Final = "identity.json"
_SECRET: Final = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105 - a type
_OF_TOKEN: Final = ("gateway", "tunnel", "node", "expires", "secret", "authority")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An enrolled node. The certificate and its key are in `folder`."""

    folder: Path
    gateway: tuple[str, int]
    tunnel: str
    node: str
    name: str  # the DNS name in its certificate
    connections: int  # in all, so that each worker of the gateway has some
    token: str  # the digest of the token that it enrolled with

    def certificate(self) -> bytes:
        """The certificate (PEM) that it has now.

        Raises:
            GatelineError: the file is gone or spoilt.

        """
        return self._held("certificate_chain")

    def renewal_due(self) -> datetime:
        """When it is time for another certificate: after two thirds of its life.

        Raises:
            GatelineError: the file is gone or spoilt.

        """
        return valid_until(self.certificate()) - NODE_LIFE * (1 - RENEWED_AFTER)

    def expires(self) -> datetime:
        """When its certificate ends."""
        return valid_until(self.certificate())

    async def renew(self) -> Identity:
        """Ask for another certificate of a new key; it counts from now on.

        Raises:
            GatelineError: there is none to be had.

        """
        held, key = self.certificate(), make_key()
        request = make_request(key)
        asked = {
            "do": "renew",
            "certificate": held.decode("ascii"),
            "request": request.decode("ascii"),
            "signature": base64.b64encode(sign_renewal(self._held("private_key"), request)).decode("ascii"),
        }
        authority = _read(secret_file(str(self.folder), AUTHORITY))["validation_context"]["trusted_ca"]
        answer = await _ask(self.gateway, authority["inline_string"], asked)
        return _kept(self.folder, self.gateway, self.token, answer, key)

    def _held(self, what: str) -> bytes:
        found: str = _read(secret_file(str(self.folder), CERTIFICATE))["tls_certificate"][what][
            "inline_string"
        ]
        return found.encode("ascii")


async def enrolled(folder: Path, token: Path | None, now: datetime) -> Identity:
    """The node that this folder holds, or what it becomes by the token; a token that it has used counts as none.

    Raises:
        GatelineError: there is neither, or the gateway refuses the token.

    """
    identity = _known(folder)
    said = _unused(token, identity)
    if said is not None:
        return await _enroll(folder, said, now)
    if identity is None:
        raise GatelineError("this node is not enrolled: say --enroll FILE with a token of the gateway")
    if identity.expires() <= now:
        raise GatelineError("the certificate of this node has ended: revoke it and enrol it anew")
    return identity


def _unused(token: Path | None, identity: Identity | None) -> dict[str, str] | None:
    """What a token says, if there is one and it is not the one that this node has enrolled with."""
    if token is None or (identity is not None and not token.exists()):
        return None
    said = _token(token)
    return None if identity is not None and identity.token == _digest(said["secret"]) else said


async def _enroll(folder: Path, said: dict[str, str], now: datetime) -> Identity:
    if datetime.fromisoformat(said["expires"]) <= now:
        raise GatelineError("the token has expired: ask the gateway for another one")
    gateway = split_host_port(said["gateway"])
    if gateway is None:
        raise GatelineError("the token does not say where the gateway is")
    key = make_key()
    asked = {"do": "enroll", "secret": said["secret"], "request": make_request(key).decode("ascii")}
    answer = await _ask(gateway, said["authority"], asked)
    believed = {"validation_context": {"trusted_ca": {"inline_string": said["authority"]}}}
    _write(folder, AUTHORITY, believed)
    return _kept(folder, gateway, _digest(said["secret"]), answer, key)


def _kept(folder: Path, gateway: tuple[str, int], token: str, answer: dict[str, Any], key: bytes) -> Identity:
    """What the gateway answered, written down: the certificate with its key, and whose it is."""
    identity = Identity(
        folder=folder,
        gateway=gateway,
        tunnel=str(answer["tunnel"]),
        node=str(answer["node"]),
        name=str(answer["name"]),
        connections=int(answer["connections"]),
        token=token,
    )
    own = {
        "certificate_chain": {"inline_string": str(answer["certificate"])},
        "private_key": {"inline_string": key.decode("ascii")},
    }
    _write(folder, CERTIFICATE, {"tls_certificate": own})
    host, port = gateway
    record = {
        "gateway": [host, port],
        "tunnel": identity.tunnel,
        "node": identity.node,
        "name": identity.name,
        "connections": identity.connections,
        "token": token,
    }
    write_private(folder / _RECORD, json.dumps(record).encode())
    return identity


async def _ask(gateway: tuple[str, int], authority: str, asked: dict[str, str]) -> dict[str, Any]:
    """What the gateway answers, if it shows a certificate of this authority and no other.

    Raises:
        GatelineError: nobody answers, it is somebody else, or the answer is no.

    """
    host, port = gateway
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        trust.load_verify_locations(cadata=authority)
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(
                host, port, ssl=trust, server_hostname=ENROLMENT_NAME
            )
            try:
                writer.write(json.dumps(asked).encode() + b"\n")
                line = await reader.readline()
            finally:
                writer.close()
    except ssl.SSLError:
        message = (
            f"who answers at {host}:{port} is not the gateway of the token: its certificate is another's"
        )
        raise GatelineError(message) from None
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise GatelineError(f"the gateway at {host}:{port} does not answer: {error}") from None
    try:
        answer: dict[str, Any] = json.loads(line)
    except ValueError:
        raise GatelineError(f"the gateway at {host}:{port} does not answer") from None
    if not answer.get("ok"):
        raise GatelineError(f"the gateway refuses: {answer.get('problem')}")
    return answer


def _known(folder: Path) -> Identity | None:
    try:
        kept = json.loads((folder / _RECORD).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise FileUnreadable(f"{folder / _RECORD} cannot be read: {error}") from None
    host, port = kept["gateway"]
    return Identity(
        folder=folder,
        gateway=(host, port),
        tunnel=kept["tunnel"],
        node=kept["node"],
        name=kept["name"],
        connections=kept["connections"],
        token=kept["token"],
    )


def _token(path: Path) -> dict[str, str]:
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise FileUnreadable(f"{path} cannot be read, or is no token") from None
    if not isinstance(said, dict) or not all(isinstance(said.get(key), str) for key in _OF_TOKEN):
        raise FileUnreadable(f"{path} is no token")
    return {key: str(said[key]) for key in _OF_TOKEN}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _write(folder: Path, name: str, content: dict[str, Any]) -> None:
    secret = {"@type": _SECRET, "name": name, **content}
    write_private(Path(secret_file(str(folder), name)), json.dumps({"resources": [secret]}).encode())


def _read(file: str) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(Path(file).read_bytes())["resources"][0]
    except (OSError, ValueError, LookupError):
        raise FileUnreadable(f"{file} is gone or spoilt: enrol this node anew") from None
    return kept
