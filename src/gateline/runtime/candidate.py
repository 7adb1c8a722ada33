"""A candidate: a configuration as the files say it now, read and compiled whole, not yet served by anybody.

Pure of the event loop, so that it can be made on a thread while requests are logged and Envoys are answered.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol

from gateline.compile import Compiled, Sockets, compile_gateway, names
from gateline.compile import harvest as compile_memory
from gateline.compile.resources import SECRET, Resources
from gateline.model.codes import NEEDS_RESTART, NO_BOTO3, NO_TRUST
from gateline.model.diagnostic import Complaints, Report
from gateline.model.gateway import Edge, Gateway, Keyring
from gateline.model.hosting import HostConfiguration
from gateline.model.integration import IntegrationKind
from gateline.runtime import access_log
from gateline.runtime.api_keys import NamedKey
from gateline.runtime.discovering import check_sources
from gateline.runtime.generation import Generations
from gateline.runtime.material import declared_keys, live, read_keyring
from gateline.runtime.revision import code_trees, revisions
from gateline.runtime.secret_use import check_rotations
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir
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


class Serves(Protocol):
    """Serves a candidate: `gateline.runtime.serving.Serving` does."""

    @property
    def served(self) -> Candidate | None:
        """What serves now."""


class TakesIn(Serves, Protocol):
    """Serves, and lets count what is kept."""

    async def take_in(self) -> None:
        """Let what the state directory holds by now count."""


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
    declared = declared_keys(gateway, settings, state, loaded.reader.name, complaints)
    keyring = live(read_keyring(gateway, settings, state, complaints), gateway, declared, state, complaints)
    known = revisions(gateway.functions)
    with memory.compiling:
        generations = memory.generations.of(gateway, known)
        compiled = _compiled(gateway, keyring, generations, settings, state, request_log, memory)
    if compiled.resources and names.TRUST in compiled.resources.by_type[SECRET] and not keyring.trust:
        message = "a backend is spoken to over TLS, but this machine has no certificate authorities to verify it with"
        help_text = "install ca-certificates, or let SSL_CERT_FILE name a bundle"
        complaints.add(NO_TRUST, gateway.origin, message, help=help_text)
    _check_aws(compiled.hosting, complaints)
    check_sources(gateway, complaints)
    access_log.prepare(gateway, complaints)
    if compiled.resources is not None:
        check_rotations(gateway, compiled.resources.routes, complaints)
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
    """The candidate with the generations of now, and what the state directory holds by now (`material.live`).

    It is the same one when neither has changed. Reads no file of the project.

    Raises:
        GatelineError: what the state directory holds cannot be read.

    """
    gateway = candidate.gateway
    assert gateway is not None
    keyring = live(candidate.keyring, gateway, candidate.declared_keys, state, Complaints())
    with memory.compiling:
        generations = memory.generations.of(gateway, dict(candidate.hosting.revisions))
        if generations == candidate.generations and keyring == candidate.keyring:
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
            sockets=Sockets(
                host=str(state.host_socket),
                egress=str(state.egress_socket),
                enrolment=str(state.enrolment_socket),
                folder=str(state.sockets),
            ),
        )
