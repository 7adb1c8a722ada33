"""A candidate: a configuration as the files say it now, read and compiled whole, not yet served by anybody.

Pure of the event loop, so that it can be made on a thread while requests are logged and Envoys are answered.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from gateline.compile import Compiled, compile_gateway, names
from gateline.compile import harvest as compile_memory
from gateline.compile.resources import SECRET, Resources
from gateline.model.codes import NEEDS_RESTART, NO_BOTO3, NO_TRUST
from gateline.model.diagnostic import Complaints, Report
from gateline.model.gateway import Edge, Gateway, Keyring
from gateline.model.hosting import HostConfiguration
from gateline.model.integration import IntegrationKind
from gateline.model.secret import Certificate, Secret
from gateline.runtime.api_keys import NamedKey, read_declared_keys, with_held_keys
from gateline.runtime.generation import Generations
from gateline.runtime.key_store import KeyStore
from gateline.runtime.revision import code_trees, revisions
from gateline.runtime.secret import read_secrets
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir
from gateline.runtime.trust import system_trust
from gateline.sources import Loaded, load
from gateline.sources import memory as sources_memory
from gateline.sources.collector import resting_collector

_FIXED: Final = ("address", "port", "workers")
"""What of the edge an Envoy is started with or holds open: changed by a restart only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What became of a reading. Without `gateway` and `resources` when there were errors."""

    loaded: Loaded
    gateway: Gateway | None
    resources: Resources | None = field(repr=False)  # messages print themselves whole, secrets too
    report: Report
    keyring: Keyring = field(default_factory=Keyring, repr=False)
    hosting: HostConfiguration = field(default_factory=HostConfiguration, repr=False)
    generations: Mapping[str, str] = field(default_factory=dict)  # of authorizers: "api/stage/authorizer"
    declared_keys: tuple[NamedKey, ...] = field(default=(), repr=False)  # of usage plans, as they were read

    @property
    def files(self) -> frozenset[Path]:
        """All that was read, and is to be watched."""
        return self.loaded.files

    @property
    def trees(self) -> frozenset[Path]:
        """Where functions' code lies, to be watched too."""
        return code_trees(self.loaded.gateway.functions) if self.loaded.gateway else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningEdge:
    """The edge as the project file had it at the start, and as it really runs (`--port`, port 0)."""

    written: Edge
    actual: Edge

    def held(self, edge: Edge, complaints: Complaints) -> Edge:
        """A newly read edge with what needs a restart held as it runs; each such change is a warning."""
        for key in _FIXED:
            before, now = getattr(self.written, key), getattr(edge, key)
            if before != now:
                complaints.add(
                    NEEDS_RESTART,
                    edge.origin.child(key),
                    f"gateway.{key} changed from {before} to {now}: restart Gateline to apply it",
                )
        actual = self.actual
        return dataclasses.replace(edge, address=actual.address, port=actual.port, workers=actual.workers)


class Memory:
    """What one candidate lends the next, so that an edit costs what it changes."""

    def __init__(self) -> None:
        self.read = sources_memory.Memory()
        self.compiled = compile_memory.Memory()
        self.generations = Generations()
        self.compiling = threading.Lock()  # a flush compiles too, while a reload may


def read(settings: Settings, memory: Memory, texts: Mapping[Path, str] | None = None) -> Loaded:
    """The project as its files say it now, or as these texts of them do.

    Raises:
        FileUnreadable: the project or an overlay is missing or cannot be read.

    """
    return load(
        settings.project,
        overlays=settings.overlays,
        environ=settings.environ,
        allowed=settings.allowed,
        checking=False,
        memory=memory.read,
        texts=texts,
    )


def build(
    loaded: Loaded,
    settings: Settings,
    edge: RunningEdge,
    state: StateDir,
    request_log: Path | None,
    memory: Memory,
) -> Candidate:
    """Read the secrets and compile, for the edge that runs."""
    if loaded.gateway is None:
        return Candidate(loaded=loaded, gateway=None, resources=None, report=loaded.report)
    complaints = Complaints(settings.allowed)
    gateway = dataclasses.replace(loaded.gateway, edge=edge.held(loaded.gateway.edge, complaints))
    declared = _declared_keys(loaded, gateway, settings, state, complaints)
    keyring = _keyring(gateway, settings, state, complaints)
    keyring = _with_keys(keyring, declared, gateway, state, complaints)
    known = revisions(gateway.functions)
    with memory.compiling:
        generations = memory.generations.of(gateway, known)
        compiled = _compiled(gateway, keyring, generations, settings, state, request_log, memory)
    if compiled.resources and names.TRUST in compiled.resources.by_type[SECRET] and not keyring.trust:
        message = (
            "an integration speaks https, but this machine has no certificate authorities to verify it with"
        )
        help_text = "install ca-certificates, or let SSL_CERT_FILE name a bundle"
        complaints.add(NO_TRUST, gateway.origin, message, help=help_text)
    _check_aws(compiled.hosting, complaints)
    report = loaded.report + complaints.report() + compiled.report
    if report.error_count or compiled.resources is None:
        return Candidate(loaded=loaded, gateway=None, resources=None, report=report)
    called = {function.name for function in compiled.hosting.functions}
    return Candidate(
        loaded=loaded,
        gateway=gateway,
        resources=compiled.resources,
        report=report,
        keyring=keyring,
        hosting=dataclasses.replace(
            compiled.hosting,
            revisions=tuple((name, known[name]) for name in sorted(known) if name in called),
        ),
        generations=generations,
        declared_keys=declared,
    )


def _check_aws(hosting: HostConfiguration, complaints: Complaints) -> None:
    """Requests to AWS services are signed by a library that not everybody needs."""
    called = (
        method.integration
        for stage in hosting.stages
        for method in stage.methods
        if method.integration is not None
        and method.integration.kind is IntegrationKind.AWS
        and not method.function
    )
    integration = next(called, None)
    if integration is not None and find_spec("botocore") is None:
        message = (
            "an integration calls an AWS service, and boto3, which signs such requests, is not installed"
        )
        help_text = "pip install 'gateline[aws]'"
        complaints.add(NO_BOTO3, integration.origin, message, help=help_text)


def regenerated(
    candidate: Candidate, settings: Settings, state: StateDir, request_log: Path | None, memory: Memory
) -> Candidate:
    """The candidate with the generations of now and the API keys that commands have made by now.

    It is the same one when neither has changed. Reads no file of the project.

    Raises:
        GatelineError: the keys of the state directory cannot be read.

    """
    gateway = candidate.gateway
    assert gateway is not None
    keyring = _with_keys(candidate.keyring, candidate.declared_keys, gateway, state, Complaints())
    with memory.compiling:
        generations = memory.generations.of(gateway, dict(candidate.hosting.revisions))
        if generations == candidate.generations and keyring.api_keys == candidate.keyring.api_keys:
            return candidate
        compiled = _compiled(gateway, keyring, generations, settings, state, request_log, memory)
    return dataclasses.replace(
        candidate,
        resources=compiled.resources,
        keyring=keyring,
        hosting=dataclasses.replace(compiled.hosting, revisions=candidate.hosting.revisions),
        generations=generations,
    )


def _compiled(
    gateway: Gateway,
    keyring: Keyring,
    generations: Mapping[str, str],
    settings: Settings,
    state: StateDir,
    request_log: Path | None,
    memory: Memory,
) -> Compiled:
    with resting_collector():  # what is made stays; looking through it costs a third of 10,000 routes
        return compile_gateway(
            gateway,
            keyring,
            allowed=settings.allowed,
            request_log=str(request_log) if request_log else None,
            memory=memory.compiled,
            generations=generations,
            host_socket=str(state.host_socket),
            egress_socket=str(state.egress_socket),
        )


def _own_hosts(gateway: Gateway) -> tuple[str, ...]:
    """Every name that the edge's own certificate is for: no client takes `*.localhost` for one of a single label."""
    return (
        *gateway.edge.hosts,
        *(f"{api.name}.localhost" for api in gateway.apis),
        *(domain.name for domain in gateway.domains if not domain.certificate),
    )


def _keyring(gateway: Gateway, settings: Settings, state: StateDir, complaints: Complaints) -> Keyring:
    folder = settings.project.absolute().parent
    found = read_secrets(gateway.secrets, settings.environ, folder, state, complaints)
    missing = {source.name for source in gateway.secrets} - {secret.name for secret in found}
    edge, others = _certificates(gateway, state, complaints)
    return Keyring(
        # A secret that could not be read was complained about; the compiler need not do so again.
        secrets=(*found, *(Secret(name, b"unread") for name in sorted(missing))),
        edge_certificate=edge,
        certificates=others,
        trust=system_trust(settings.environ),
    )


def _declared_keys(
    loaded: Loaded, gateway: Gateway, settings: Settings, state: StateDir, complaints: Complaints
) -> tuple[NamedKey, ...]:
    if not gateway.usage_plans:
        return ()
    pepper = KeyStore(state).pepper()
    plans, name_of = gateway.usage_plans, loaded.reader.name
    return read_declared_keys(plans, settings.environ, name_of, pepper, complaints)


def _with_keys(
    keyring: Keyring,
    declared: tuple[NamedKey, ...],
    gateway: Gateway,
    state: StateDir,
    complaints: Complaints,
) -> Keyring:
    """The keyring with the API keys of now: those declared, and those that commands have made."""
    if not gateway.usage_plans:
        return keyring
    store = KeyStore(state)
    keys = with_held_keys(declared, store.read(), gateway.usage_plans, complaints)
    return dataclasses.replace(
        keyring, api_keys=tuple(each.key for each in keys if each.key.digest), pepper=store.pepper()
    )


def _certificates(
    gateway: Gateway, state: StateDir, complaints: Complaints
) -> tuple[Certificate | None, tuple[Certificate, ...]]:
    """The edge's certificate and the named ones, as their files are now."""
    if gateway.edge.tls is None and not gateway.certificates:
        return None, ()
    # Only now: the library takes a tenth of the time of a start, and few development gateways speak TLS.
    from gateline.runtime.certificate import edge_certificate, named_certificate  # noqa: PLC0415

    now, tls = datetime.now(UTC), gateway.edge.tls
    edge = edge_certificate(tls, _own_hosts(gateway), now, state, complaints) if tls else None
    read = (
        named_certificate(
            source,
            [domain.name for domain in gateway.domains if domain.certificate == source.name],
            now,
            state,
            complaints,
        )
        for source in gateway.certificates
    )
    return edge, tuple(certificate for certificate in read if certificate is not None)
