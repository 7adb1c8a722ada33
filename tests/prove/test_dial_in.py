from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from gateline.authority.link_certificates import issue_gateway
from gateline.model.gateway import Edge, Gateway
from gateline.model.origin import Origin
from gateline.model.secret import Certificate
from gateline.model.tunnel import EnrolledNode, LinkListener, Tunnel
from gateline.prove.attempt import Point, Verdict
from gateline.prove.dial_in import dial_ins, exports
from gateline.prove.probing import tried
from gateline.runtime.link_desk import LinkDesk
from gateline.runtime.state_dir import hold_state_dir
from gateline.runtime.vault import Vault

NOW = datetime.now(UTC)
HERE = Origin("gateline.yaml")
NODES = (
    EnrolledNode(tunnel="plant", node="n1", id="4f2a9c01"),
    EnrolledNode(tunnel="office", node="n2", id="00000002"),
)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with hold_state_dir(tmp_path, None, {}) as state:
        yield Vault(state, {})


def links_authority(vault: Vault) -> Certificate:
    edge = Edge(origin=HERE, links=LinkListener(address="127.0.0.1", port=8443, origin=HERE))
    tunnels = (Tunnel(name="plant", origin=HERE), Tunnel(name="office", origin=HERE))
    return LinkDesk(vault, Gateway(name="shop", edge=edge, tunnels=tunnels, origin=HERE)).authority()


def inventory(port: int) -> dict[str, Any]:
    return {
        "project": "shop",
        "links": {"host": "127.0.0.1", "port": port},
        "tunnels": ["plant", "office"],
        "nodes": [asdict(node) for node in NODES],
    }


def names(pem: str) -> list[str]:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return alternative.get_values_for_type(x509.DNSName)


def test_those_who_dial_are_nearly_a_node(vault: Vault) -> None:
    ours = x509.load_pem_x509_certificate(links_authority(vault).chain)
    found = {
        each.means: each.wire["tls"]
        for each in dial_ins(inventory(1), vault, NOW)
        if each.subject == "tunnel plant"
    }
    assert {each["server_name"] for each in found.values()} == {"plant.link.gateline"}
    assert found.pop("no certificate")["certificate"] == ""
    foreign = found.pop("a node of a foreign authority")
    assert names(foreign["certificate"]) == [NODES[0].dns_name]
    expired = found["expired certificate of a node"]
    assert x509.load_pem_x509_certificate(expired["certificate"].encode()).not_valid_after_utc < NOW
    for each in found.values():
        x509.load_pem_x509_certificate(each["certificate"].encode()).verify_directly_issued_by(ours)
    assert names(found["a node of tunnel office"]["certificate"]) == [NODES[1].dns_name]
    assert names(found["a node that was not enrolled"]["certificate"])[0].startswith("gateline-prove.")


def test_where_there_are_no_links_nobody_dials(vault: Vault) -> None:
    assert dial_ins({**inventory(1), "links": None}, vault, NOW) == []
    assert vault.names() == ()


def test_what_nodes_export_is_told_as_not_tried() -> None:
    assert {each.verdict for each in exports(inventory(1))} == {Verdict.NOT_TRIED}


@contextmanager
def careless(authority: Certificate, folder: Path) -> Iterator[int]:
    """A listener that lets in whoever the authority of links has certified, whatever the name."""
    shown = issue_gateway(authority, now=NOW, life=timedelta(hours=1))
    (folder / "shown.pem").write_bytes(shown.chain + shown.private_key.reveal())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "shown.pem")
    context.load_verify_locations(cadata=authority.chain.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    server = socket.create_server(("127.0.0.1", 0))

    def attend(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as opened:
                opened.recv(1)
        except OSError:
            connection.close()

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            attend(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def test_a_listener_that_does_not_look_at_names_is_open_to_other_nodes(vault: Vault, tmp_path: Path) -> None:
    with careless(links_authority(vault), tmp_path) as port:
        found = tried(Point(name="this host"), dial_ins(inventory(port), vault, datetime.now(UTC)))
    told = {each.means: each.verdict for each in found if each.subject == "tunnel plant"}
    assert told == {
        "no certificate": Verdict.REFUSED,
        "a node of a foreign authority": Verdict.REFUSED,
        "expired certificate of a node": Verdict.REFUSED,
        "a node that was not enrolled": Verdict.OPEN,
        "a node of tunnel office": Verdict.OPEN,
    }
