"""The way of client certificates: a backend that lets in nobody without one, and two gateways that show it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import machine
from bench.servers import Server, cluster, envoy
from gateline.authority.certificates import issue_client, issue_service, make_authority
from gateline.model.secret import Certificate

HOST = "backend"
_LIFE = timedelta(days=1)
_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The files of a certificate and its key."""

    certificate: Path
    private_key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """Whom both sides believe, and who they are."""

    authority: Path
    server: Pair
    client: Pair


def papers(folder: Path) -> Papers:
    """Make all of it, as files."""
    folder.mkdir()
    now = datetime.now(UTC)
    authority = make_authority("bench", now)
    (folder / "ca.pem").write_bytes(authority.chain)
    return Papers(
        authority=folder / "ca.pem",
        server=_written(folder, "server", issue_service(authority, "bench", HOST, now=now, life=_LIFE)),
        client=_written(folder, "client", issue_client(authority, "bench", "mine", now=now, life=_LIFE)),
    )


@contextlib.contextmanager
def verifying_backend(folder: Path, shown: Papers) -> Iterator[Server]:
    """The backend of all other cases, but that it speaks TLS and asks for the client's certificate."""
    port, nginx = machine.free_port(), machine.found("nginx")
    if nginx is None:
        raise machine.NotUp("nginx is not installed (Debian: apt-get install nginx-light)")
    config = folder / "verifying.conf"
    config.write_text(
        f"worker_processes 1;\npid {folder}/verifying.pid;\ndaemon off;\nerror_log {folder}/verifying-error.log;\n"
        "events { worker_connections 4096; }\n"
        "http { access_log off; keepalive_requests 100000000; server {\n"
        f"  listen 127.0.0.1:{port} ssl backlog=4096;\n"
        f"  ssl_certificate {shown.server.certificate}; ssl_certificate_key {shown.server.private_key};\n"
        f"  ssl_client_certificate {shown.authority}; ssl_verify_client on;\n"
        "  location / { return 200 'ok'; } } }\n"
    )
    log = folder / "verifying.log"
    with machine.running([nginx, "-c", str(config)], log, machine.LOAD_CPU) as process:
        yield Server(port=port, pids=(process.pid,))


@contextlib.contextmanager
def envoy_with_certificate(folder: Path, backend_port: int, shown: Papers) -> Iterator[Server]:
    """Bare Envoy that shows the same certificate: what TLS costs without Gateline."""
    context = {
        "@type": f"{_TLS}.UpstreamTlsContext",
        "common_tls_context": {
            "tls_certificates": [
                {
                    "certificate_chain": {"filename": str(shown.client.certificate)},
                    "private_key": {"filename": str(shown.client.private_key)},
                }
            ],
            "validation_context": {
                "trusted_ca": {"filename": str(shown.authority)},
                "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": HOST}}],
            },
        },
    }
    socket = {"name": "envoy.transport_sockets.tls", "typed_config": context}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "b"}}
    with envoy(
        folder, "bare Envoy with TLS", [route], [cluster("b", backend_port, transport_socket=socket)]
    ) as server:
        yield server


def showing(shown: Papers, port: int) -> dict[str, Any]:
    """The keys of a project whose stage shows the certificate, through a network balancer."""
    forward = {"type": "forward", "target_group": "verifying"}
    listener = {"protocol": "TCP", "port": 443, "default_actions": [forward]}
    group = {
        "protocol": "TCP",
        "targets": [f"127.0.0.1:{port}"],
        "tls": {"ca": str(shown.authority), "identity": HOST},
    }
    client = {
        "certificate": str(shown.client.certificate),
        "private_key": str(shown.client.private_key),
    }
    stages = {"prod": {"client_certificate": "mine"}}
    return {
        "client_certificates": {"mine": client},
        "vpc_links": {"wire": {"target": "wire"}},
        "load_balancers": {"wire": {"type": "network", "listeners": [listener]}},
        "target_groups": {"verifying": group},
        "apis": {"api": {"definition": "api.json", "stages": stages}},
    }


def _written(folder: Path, name: str, made: Certificate) -> Pair:
    pair = Pair(certificate=folder / f"{name}.pem", private_key=folder / f"{name}.key")
    pair.certificate.write_bytes(made.chain)
    pair.private_key.touch(0o600)
    pair.private_key.write_bytes(made.private_key.reveal())
    return pair
