"""Links whole: what Envoy is told for the tunnels of a project, their nodes included."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.link_listener import enrolment_cluster, link_listener, link_validation
from gateline.compile.resources import CLUSTER, LISTENER, SECRET, Resources
from gateline.compile.secret import certificate
from gateline.compile.tunnel import tunnel_clusters, tunnel_listeners
from gateline.model.gateway import Gateway, Keyring
from gateline.model.origin import Origin


@dataclass(frozen=True, slots=True)
class LinkResources:
    """Listeners, clusters and secrets by name, and where listeners and clusters come from."""

    listeners: dict[str, Message] = field(default_factory=dict)
    clusters: dict[str, Message] = field(default_factory=dict)
    secrets: dict[str, Message] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)

    def joined(self, resources: Resources) -> Resources:
        """The resources with these among them."""
        mine = {LISTENER: self.listeners, CLUSTER: self.clusters, SECRET: self.secrets}
        return replace(
            resources,
            by_type={kind: {**held, **mine.get(kind, {})} for kind, held in resources.by_type.items()},
            origins={**resources.origins, **self.origins},
        )


def link_resources(gateway: Gateway, keyring: Keyring, enrolment_socket: str) -> LinkResources:
    """What Envoy is told; nothing for a project without tunnels.

    Args:
        gateway: the project.
        keyring: who may dial in, and what the gateway shows to them.
        enrolment_socket: where control listens to those who ask for certificates.

    """
    made, links = LinkResources(), gateway.edge.links
    if links is None or not gateway.tunnels or keyring.link_certificate is None:
        return made
    tunnels = [tunnel.name for tunnel in gateway.tunnels]
    made.listeners[names.LINKS] = link_listener(links.address, links.port, tunnels)
    made.clusters[names.LINK_ENROLMENT] = enrolment_cluster(enrolment_socket)
    made.secrets[names.LINK_CERTIFICATE] = certificate(names.LINK_CERTIFICATE, keyring.link_certificate)
    made.origins.update(dict.fromkeys((names.LINKS, names.LINK_ENROLMENT), links.origin))
    for tunnel in gateway.tunnels:
        nodes = [node for node in keyring.link_nodes if node.tunnel == tunnel.name]
        validation = link_validation(tunnel.name, nodes, keyring.link_authority)
        made.secrets[names.link_validation(tunnel.name)] = validation
        listeners, clusters = tunnel_listeners(tunnel.name, nodes), tunnel_clusters(tunnel.name, nodes)
        made.listeners.update(listeners)
        made.clusters.update(clusters)
        made.origins.update(dict.fromkeys((*listeners, *clusters), tunnel.origin))
    return made
