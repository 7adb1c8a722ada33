"""What `gateline doctor` looks at: one small function for each thing that a machine may lack."""

from __future__ import annotations

import os
import platform
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from gateline.errors import AddressInUse, EnvoyUnavailable, GatelineError
from gateline.runtime.envoy import SERIES, find_envoy
from gateline.runtime.listening import reserve
from gateline.runtime.process import scrubbed
from gateline.runtime.processors import usable_processors
from gateline.runtime.state_dir import DEFAULT_NAME, LONGEST_SOCKET_PATH

ENOUGH_FILES: Final = 4096
TOO_FEW_FILES: Final = 256
_PLATFORMS: Final = frozenset({("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64")})
_LONGEST_SOCKET: Final = Path("sockets", "admin.sock")


class State(StrEnum):
    """What a finding means: `warn` runs, but not as well as it could; `fail` does not run."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, what was found, and what to do unless it is fine."""

    name: str
    state: State
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What the doctor is asked about: a project's folder and where it would listen."""

    folder: Path
    address: str
    port: int
    environ: Mapping[str, str]


def examine(patient: Patient) -> Iterator[Finding]:
    """Everything, in the order in which a start would meet it."""
    yield platform_finding(platform.system(), platform.machine())
    yield python_finding(sys.implementation.name, sys.version_info[:3])
    yield envoy_finding(patient.environ)
    yield port_finding(patient.address, patient.port)
    yield files_finding(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield processors_finding(usable_processors(), os.cpu_count() or 1)
    yield ipv6_finding()
    state = patient.folder / DEFAULT_NAME
    yield state_finding(state)
    yield socket_finding(state, patient.environ)


def platform_finding(system: str, machine: str) -> Finding:
    """Whether there is an Envoy for this kind of machine."""
    found = f"{system} {machine}"
    if (system, machine) in _PLATFORMS:
        return Finding("platform", State.OK, found)
    advice = "Envoy comes for Linux on x86_64 and aarch64 and macOS on arm64; GATELINE_ENVOY may name a build"
    return Finding("platform", State.FAIL, found, advice)


def python_finding(implementation: str, version: tuple[int, ...]) -> Finding:
    """Whether this is a Python that Gateline is tested on."""
    found = f"{implementation} {'.'.join(map(str, version))}"
    if implementation != "cpython":
        return Finding("python", State.WARN, found, "Gateline is tested on CPython only")
    return Finding("python", State.OK, found)


def envoy_finding(environ: Mapping[str, str]) -> Finding:
    """Whether the pinned Envoy is there and starts."""
    try:
        envoy = find_envoy(environ)
        command = [str(envoy.path), "--version"]
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=20, check=True, env=scrubbed(environ)
        )
    except EnvoyUnavailable as error:
        return Finding("envoy", State.FAIL, "not usable", str(error))
    except (OSError, subprocess.SubprocessError) as error:
        advice = (
            f"it does not run here ({type(error).__name__}): is the C library older than its wheel needs?"
        )
        return Finding("envoy", State.FAIL, f"{envoy.version} at {envoy.path}", advice)
    if f"/{SERIES}" not in answer.stdout:
        return Finding("envoy", State.FAIL, answer.stdout.strip(), f"Gateline needs Envoy {SERIES}x")
    return Finding("envoy", State.OK, f"{envoy.version} at {envoy.path}")


def port_finding(address: str, port: int) -> Finding:
    """Whether the gateway's port can be opened."""
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    try:
        _, kept = reserve(address, port)
    except AddressInUse as error:
        return Finding("port", State.FAIL, f"{place} is taken", str(error))
    except GatelineError as error:
        return Finding("port", State.FAIL, f"{place} cannot be opened", str(error))
    if kept is not None:
        kept.close()
    return Finding("port", State.OK, f"{place} is free")


def files_finding(limit: int) -> Finding:
    """Whether enough connections can be open at once: each is a file, and a proxied request has two."""
    unlimited = limit == resource.RLIM_INFINITY
    found = "no limit" if unlimited else f"{limit} at once"
    if unlimited or limit >= ENOUGH_FILES:
        return Finding("open files", State.OK, found)
    state = State.FAIL if limit < TOO_FEW_FILES else State.WARN
    return Finding("open files", state, found, "raise the limit before starting: ulimit -n 65536")


def processors_finding(usable: int, present: int) -> Finding:
    """How many worker threads `workers: auto` means here."""
    found = f"{usable} usable" if usable == present else f"{usable} usable of {present}"
    return Finding("processors", State.OK, found)


def ipv6_finding() -> Finding:
    """Whether ::1 can be listened on; `localhost` means it first in many clients."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return Finding(
            "ipv6 loopback", State.WARN, "::1 cannot be opened", "listen on 127.0.0.1, and name it in clients"
        )
    return Finding("ipv6 loopback", State.OK, "::1")


def state_finding(state: Path) -> Finding:
    """Whether the state directory is ours to write, or could be made."""
    place = state if state.exists() else state.parent
    if not place.is_dir():
        return Finding("state", State.FAIL, f"{place} is not a folder", "choose another with --state DIR")
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding("state", State.FAIL, f"{place} cannot be written", "choose another with --state DIR")
    if place == state and state.stat().st_uid != os.geteuid():
        advice = "it holds keys, so it must be this user's own; choose another with --state DIR"
        return Finding("state", State.FAIL, f"{state} belongs to another user", advice)
    return Finding("state", State.OK, str(state))


def socket_finding(state: Path, environ: Mapping[str, str]) -> Finding:
    """Whether Unix sockets fit where they would lie: the kernel takes about a hundred bytes."""
    length = len(os.fsencode((state / _LONGEST_SOCKET).absolute()))
    if length <= LONGEST_SOCKET_PATH:
        return Finding("socket paths", State.OK, f"{length} bytes")
    places = (environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir())
    short = next((place for place in places if place and os.access(place, os.W_OK | os.X_OK)), "")
    if short:
        return Finding("socket paths", State.OK, f"{length} bytes are too many: sockets will lie in {short}")
    advice = "the project lies too deep and no temporary folder can be written; use --state DIR"
    return Finding("socket paths", State.FAIL, f"{length} bytes, {LONGEST_SOCKET_PATH} at most", advice)
