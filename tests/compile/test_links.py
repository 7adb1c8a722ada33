"""Links whole: listeners, clusters and secrets of a project's tunnels."""

from __future__ import annotations

import dataclasses
import json

from gateline.compile import names
from gateline.compile.links import link_resources
from gateline.compile.wire import to_dict
from gateline.model.gateway import Edge, Gateway, Keyring
from gateline.model.origin import Origin
from gateline.model.secret import Certificate, Secret
from gateline.model.tunnel import EnrolledNode, LinkListener, Tunnel

ORIGIN = Origin("gateline.yaml", ())
LINKS = LinkListener(address="0.0.0.0", port=8443, origin=ORIGIN)
GATEWAY = Gateway(
    name="storefront",
    edge=Edge(origin=ORIGIN, links=LINKS),
    tunnels=(Tunnel(name="plant", origin=ORIGIN), Tunnel(name="lab", origin=ORIGIN)),
    origin=ORIGIN,
)
KEYRING = Keyring(
    link_authority=b"PEM",
    link_certificate=Certificate(name="link", chain=b"C", private_key=Secret("link.key", b"KEY")),
    link_nodes=(EnrolledNode(tunnel="plant", node="n1", id="a1"),),
)


def test_a_project_without_tunnels_listens_to_no_nodes() -> None:
    made = link_resources(dataclasses.replace(GATEWAY, tunnels=()), KEYRING, "/s")
    assert not made.listeners
    assert not made.clusters
    assert not made.secrets


def test_each_tunnel_has_its_own_nodes_alone() -> None:
    made = link_resources(GATEWAY, KEYRING, "/s")
    assert names.tunnel_node("plant", "n1") in made.clusters
    assert names.tunnel_node("lab", "n1") not in made.clusters
    lab = json.dumps(to_dict(made.secrets[names.link_validation("lab")]))
    assert "n1" not in lab
    assert '"exact": "-.lab.link.gateline"' in lab


def test_the_key_is_in_its_secret_and_nowhere_else() -> None:
    made = link_resources(GATEWAY, KEYRING, "/s")
    assert b"KEY" in made.secrets[names.LINK_CERTIFICATE].SerializeToString()
    others = [*made.listeners.values(), *made.clusters.values()]
    assert not any(b"KEY" in each.SerializeToString() for each in others)


def test_every_listener_and_cluster_has_an_origin() -> None:
    made = link_resources(GATEWAY, KEYRING, "/s")
    assert made.origins.keys() == made.listeners.keys() | made.clusters.keys()
