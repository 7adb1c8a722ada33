"""The bootstrap of a node: it dials, and listens on nothing."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from gateline.compile.link_node import Export, LinkNode, node_bootstrap
from gateline.compile.sidecar import certificate_secrets, secret_file
from gateline.runtime.envoy import find_envoy

EXPORTS = (
    Export(name="orders:80", host="127.0.0.1", port=9000),
    Export(name="db:5432", socket="/run/db.sock"),
    Export(name="mail:25", host="mail.internal", port=25),
)


def node(folder: str = "/f", host: str = "gw.example.com") -> LinkNode:
    return LinkNode(
        name="n1.a1.plant.link.gateline",
        tunnel="plant",
        gateway=(host, 8443),
        exports=EXPORTS,
        folder=folder,
        admin_socket=f"{folder}/a.sock",
        connections=4,
    )


def text() -> str:
    return json.dumps(node_bootstrap(node()))


def test_the_only_listener_dials_and_the_admin_interface_is_a_unix_socket() -> None:
    made = node_bootstrap(node())
    resources = made["static_resources"]
    assert isinstance(resources, dict)
    addresses = [listener["address"]["socket_address"]["address"] for listener in resources["listeners"]]
    assert addresses == ["rc://n1.a1.plant.link.gateline:plant:gateline@gateway:4"]
    assert made["admin"] == {"address": {"pipe": {"path": "/f/a.sock", "mode": 0o600}}}


def test_each_export_is_a_host_of_its_own_and_there_is_no_other() -> None:
    resources = node_bootstrap(node())["static_resources"]
    assert isinstance(resources, dict)
    manager = resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    hosts = manager["route_config"]["virtual_hosts"]
    assert [host["domains"] for host in hosts] == [[export.name] for export in EXPORTS]
    assert all("connect_matcher" in route["match"] for host in hosts for route in host["routes"])


def test_the_gateway_must_show_the_name_of_gateways_by_the_authority_of_the_token() -> None:
    made = text()
    assert '"san_type": "DNS", "matcher": {"exact": "link.gateline"}' in made
    assert '"sni": "plant.link.gateline"' in made
    assert secret_file("/f", "authority") in made


def test_exports_may_be_addresses_names_and_unix_sockets() -> None:
    made = text()
    assert '{"pipe": {"path": "/run/db.sock"}}' in made
    assert '{"socket_address": {"address": "127.0.0.1", "port_value": 9000}}' in made
    assert '"name": "export/mail:25", "type": "LOGICAL_DNS"' in made


@pytest.mark.envoy
def test_envoy_takes_it(tmp_path: Path) -> None:
    files = certificate_secrets(certificate="/c", private_key="/k", authority="/a", folder=str(tmp_path))
    for name, content in files.items():
        Path(secret_file(str(tmp_path), name)).write_text(json.dumps(content), encoding="utf-8")
    bootstrap = tmp_path / "node.json"
    bootstrap.write_text(json.dumps(node_bootstrap(node(str(tmp_path), "127.0.0.1"))), encoding="utf-8")
    envoy = str(find_envoy(os.environ).path)
    command = [envoy, "--mode", "validate", "--config-path", str(bootstrap), "--log-level", "warning"]
    validated = subprocess.run(command, capture_output=True, text=True, check=False)
    assert validated.returncode == 0, validated.stderr


def test_of_a_name_with_addresses_of_both_families_each_is_tried() -> None:
    resources = node_bootstrap(node())["static_resources"]
    assert isinstance(resources, dict)
    clusters = {each["name"]: each for each in resources["clusters"]}
    assert {each["dns_lookup_family"] for each in clusters.values()} == {"ALL"}
    kinds = {name: clusters[name]["type"] for name in ("gateway", "export/orders:80", "export/mail:25")}
    assert kinds == {"gateway": "STRICT_DNS", "export/orders:80": "STATIC", "export/mail:25": "LOGICAL_DNS"}
