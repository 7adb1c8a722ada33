"""`gateline sidecar`: an Envoy beside a service that cannot be changed."""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Final

import typer

from gateline.compile.sidecar import Application, CertificateProof, HeaderProof
from gateline.sidecar.session import become_envoy, certificate_proof, header_proof

_SERVICE: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}"
_HEADER: Final = r"[A-Za-z0-9-]{1,100}"
_PATH: Final = r"/[!-~]{0,500}"


Service = Annotated[
    str, typer.Option(metavar="NAME", help="The service's name; names the folder of its state.")
]
Port = Annotated[int, typer.Option(min=1, max=65535, help="The port at which the gateway comes in.")]
To = Annotated[
    str, typer.Option(metavar="HOST:PORT|unix:PATH", help="Where the application listens: on loopback only.")
]
Address = Annotated[str, typer.Option(metavar="IP", help="The address to listen at.")]
Identity = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        show_default=False,
        help="Whom the gateway's client certificate must name: a SPIFFE id or a DNS name.",
    ),
]
Certificate = Annotated[
    Path | None, typer.Option(metavar="FILE", show_default=False, help="The sidecar's certificate (PEM).")
]
PrivateKey = Annotated[
    Path | None, typer.Option(metavar="FILE", show_default=False, help="Its private key (PEM).")
]
Ca = Annotated[
    Path | None,
    typer.Option(metavar="FILE", show_default=False, help="Who issues the gateway's certificate (PEM)."),
]
Header = Annotated[
    str,
    typer.Option(
        metavar="NAME", show_default=False, help="Instead of a certificate: the header with the secret."
    ),
]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        show_default=False,
        help="The values of the header that are accepted, one a line; read again when it changes.",
    ),
]
HealthPath = Annotated[
    str,
    typer.Option(metavar="PATH", show_default=False, help="With --header: GET of this path needs no proof."),
]
State = Annotated[Path, typer.Option(metavar="DIR", help="Where the sidecar keeps what Envoy starts with.")]


def sidecar(  # noqa: PLR0913, PLR0917 - the parameters are the command's options
    service: Service,
    port: Port,
    to: To,
    address: Address = "127.0.0.1",
    identity: Identity = "",
    certificate: Certificate = None,
    private_key: PrivateKey = None,
    ca: Ca = None,
    header: Header = "",
    secret_file: SecretFile = None,
    health_path: HealthPath = "",
    state: State = Path(".gateline"),
) -> None:
    """Let requests of the gateway through to an application on this machine, and nobody else's.

    The gateway is known by its client certificate (--identity, --certificate, --private-key, --ca), or by a secret
    header (--header, --secret-file). This process becomes Envoy: end it with SIGTERM.
    """
    _matching("--service", service, _SERVICE, "a name of letters, digits, - and _")
    folder = state / f"sidecar-{service}-{port}"
    files = (certificate, private_key, ca)
    proof: HeaderProof | CertificateProof
    if header and secret_file and not identity and not any(files):
        _matching("--header", header, _HEADER, "a header name of letters, digits and -")
        if health_path:
            _matching("--health-path", health_path, _PATH, "a path that begins with /")
        proof = header_proof(header, secret_file, health_path)
    elif identity and certificate and private_key and ca and not (header or secret_file or health_path):
        proof = certificate_proof(
            identity, certificate=certificate, private_key=private_key, authority=ca, folder=folder
        )
    else:
        message = (
            "say by what the gateway is known: --identity, --certificate, --private-key and --ca, "
            "or --header and --secret-file"
        )
        raise typer.BadParameter(message)
    become_envoy(
        service=service,
        address=_ip(address),
        port=port,
        application=_application(to),
        proof=proof,
        folder=folder,
        environ=os.environ,
    )


def _application(text: str) -> Application:
    if text.startswith("unix:"):
        return Application(socket=str(Path(text.removeprefix("unix:")).absolute()))
    host, _, port = text.rpartition(":")
    bare = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    if port.isascii() and port.isdigit() and 1 <= int(port) <= 65535 and _is_loopback(bare):
        return Application(address=bare, port=int(port))
    message = (
        f"{text} is neither HOST:PORT of loopback nor unix:PATH; what passed the sidecar is not protected any more, "
        "so it must not leave this machine"
    )
    raise typer.BadParameter(message, param_hint="--to")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        raise typer.BadParameter(f"{text} is no IP address", param_hint="--address") from None


def _matching(option: str, value: str, pattern: str, says: str) -> None:
    if re.fullmatch(pattern, value) is None:
        raise typer.BadParameter(f"{value} is not {says}", param_hint=option)
