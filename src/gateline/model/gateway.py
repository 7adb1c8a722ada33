"""Gateway: the whole of a project, resolved. Everything that the compiler reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from gateline.model.assertion import AssertionKey
from gateline.model.client_address import PEER_ITSELF, ClientAddress
from gateline.model.client_certificate import ClientCertificate
from gateline.model.domain import Domain
from gateline.model.function import Function
from gateline.model.integration import VpcLink
from gateline.model.listener_tls import MutualAuthentication
from gateline.model.load_balancer import LoadBalancer, Rule
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi
from gateline.model.secret import Certificate, Secret, SecretSource
from gateline.model.service import Service
from gateline.model.target_group import TargetGroup
from gateline.model.tunnel import EnrolledNode, LinkListener, Tunnel
from gateline.model.usage_plan import ApiKey, UsagePlan


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
class CertificateSource:
    """A certificate of the project file under the name that it has in the Keyring, and where it is to be read."""

    name: str
    source: SelfSigned | TlsFiles
    hosts: tuple[str, ...] = ()  # whom a self-signed one is made for


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAddress:
    """Where `gateline serve` answers /livez and /readyz."""

    address: str = "127.0.0.1"
    port: int = 9901
    origin: Origin


@dataclass(frozen=True, slots=True)
class Drain:
    """How serving ends: not ready, `delay` until balancers in front have seen it, at most `timeout` for the rest."""

    delay: timedelta = timedelta(0)
    timeout: timedelta = timedelta(seconds=10)


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
    admin: AdminAddress | None = None
    drain: Drain = Drain()
    links: LinkListener | None = None  # where nodes of tunnels dial in
    origin: Origin
    client_address: ClientAddress = PEER_ITSELF
    availability_zone: str = ""  # where this gateway runs; "": no zone is told apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A project: its edge, its APIs, and all that they name."""

    name: str
    edge: Edge
    apis: tuple[RestApi, ...] = ()
    vpc_links: tuple[VpcLink, ...] = ()
    secrets: tuple[SecretSource, ...] = ()
    functions: tuple[Function, ...] = ()
    domains: tuple[Domain, ...] = ()
    load_balancers: tuple[LoadBalancer, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()  # those of services without any among them
    services: tuple[Service, ...] = ()
    certificates: tuple[CertificateSource, ...] = ()  # of domains and of balancers' listeners
    client_certificates: tuple[ClientCertificate, ...] = ()
    assertion_keys_every: timedelta = timedelta(days=7)  # how often the key that signs assertions is replaced
    jwks_path: str = ""  # where the edge shows the public keys of assertions; "": nowhere
    usage_plans: tuple[UsagePlan, ...] = ()
    tunnels: tuple[Tunnel, ...] = ()
    aws_endpoints: tuple[
        tuple[str, str], ...
    ] = ()  # AWS service, "" for all → URL that stands in for Amazon's
    origin: Origin
    resolvers: tuple[
        tuple[str, int], ...
    ] = ()  # name servers, address and port, in the place of the system's

    @property
    def rules(self) -> Iterator[Rule]:
        """The rules of all listeners of all load balancers."""
        for balancer in self.load_balancers:
            for listener in balancer.listeners:
                yield from listener.rules

    @property
    def mutual_authentications(self) -> Iterator[MutualAuthentication]:
        """What listeners of load balancers do with clients' certificates, where they ask for some."""
        for balancer in self.load_balancers:
            for listener in balancer.listeners:
                if listener.tls.mutual is not None:
                    yield listener.tls.mutual


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """Secret values and certificates, read at run time and handed to the compiler beside the Gateway.

    They are kept out of `Gateway` so that the model can be printed, compared and cached without them.
    """

    secrets: tuple[Secret, ...] = ()
    edge_certificate: Certificate | None = None
    certificates: tuple[Certificate, ...] = ()  # of domains and of balancers' listeners, by name
    api_keys: tuple[ApiKey, ...] = ()
    pepper: str = ""  # the key of the keys' digests
    client_certificates: tuple[Certificate, ...] = ()  # by name
    authority: bytes = b""  # the certificates (PEM) of the built-in authority
    authorities: tuple[tuple[str, bytes], ...] = ()  # those of target groups' and listeners' files, by path
    revocations: tuple[tuple[str, bytes], ...] = ()  # lists of revoked certificates (PEM), by path
    services: tuple[Certificate, ...] = ()  # of services whose words ask for one, by the service's name
    assertion_key: AssertionKey | None = None  # the one that signs now
    jwks: bytes = b""  # the public keys of assertions (RFC 7517)
    link_authority: bytes = b""  # who certifies nodes (PEM)
    link_certificate: Certificate | None = None  # what nodes that dial in are shown
    link_nodes: tuple[EnrolledNode, ...] = ()  # who may dial in
    trust: bytes = b""  # the certificate authorities (PEM) that upstream servers are verified against
    session_keys: tuple[str, ...] = field(
        default=(), repr=False
    )  # of sessions at balancers, 32 bytes in hex each: the first seals, all open
    claims_keys: tuple[tuple[str, str], ...] = field(
        default=(), repr=False
    )  # kid, PEM: of x-amzn-oidc-data; the first signs
