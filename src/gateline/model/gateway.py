"""Gateway: the whole of a project, resolved. Everything that the compiler reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateline.model.function import Function
from gateline.model.integration import VpcLink
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi
from gateline.model.secret import Certificate, Secret, SecretSource


class PathMode(StrEnum):
    """How odd path forms are treated: DESIGN section 5's two columns."""

    STRICT = "strict"
    AWS = "aws"


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfSigned:
    """`tls: {self_signed: true}`: the runtime makes a certificate and keeps it in the state directory."""

    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """`tls: {certificate: ..., private_key: ...}`: paths as the user wrote them, made absolute."""

    certificate: str
    private_key: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Where clients come in: the `gateway` part of the project file."""

    address: str = "127.0.0.1"
    port: int = 8080  # 0: the runtime picks one and replaces it before compiling
    workers: int | None = None  # None: as many as the processors that the cgroup allows
    tls: SelfSigned | TlsFiles | None = None
    hosts: tuple[str, ...] = ()
    default_api: str = ""  # "" when there are several APIs and none is named
    paths: PathMode = PathMode.STRICT
    trusted_hops: int = 0
    account_id: str = "123456789012"
    region: str = "us-east-1"
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A project: its edge, its APIs, the links, secrets and functions that they name."""

    name: str
    edge: Edge
    apis: tuple[RestApi, ...] = ()
    vpc_links: tuple[VpcLink, ...] = ()
    secrets: tuple[SecretSource, ...] = ()
    functions: tuple[Function, ...] = ()
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """Secret values and certificates, read at run time and handed to the compiler beside the Gateway.

    They are kept out of `Gateway` so that the model can be printed, compared and cached without them.
    """

    secrets: tuple[Secret, ...] = ()
    edge_certificate: Certificate | None = None
    trust: bytes = b""  # the certificate authorities (PEM) that upstream servers are verified against
