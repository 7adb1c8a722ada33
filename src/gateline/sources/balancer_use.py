"""Who leads to load balancers and target groups: links that name one, and what nobody leads to."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.model.integration import ConnectionType
from gateline.model.load_balancer import Scheme
from gateline.sources.environment import as_written
from gateline.sources.placeholder import filled
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Node, texts

_SCHEMES: Final = ("http://", "https://")


def check_links(gateway: Gateway, tree: Node, complaints: Complaints) -> None:
    """A VPC link's target without a port is a load balancer, and must be declared."""
    declared = tree.names("load_balancers")
    for link in gateway.vpc_links:
        name = link.load_balancer
        if not name or name in declared:
            continue
        node = tree.at(("vpc_links", link.name, "target", 0))
        complaints.add(
            codes.LOAD_BALANCER_NOT_DECLARED,
            node.origin,
            f"the VPC link '{link.name}' leads to the load balancer '{as_written(node.value, name)}', "
            "which is not declared",
            help=did_you_mean(name, declared) or "declare it under load_balancers, or write HOST:PORT",
        )


def used_balancers(gateway: Gateway, tree: Node) -> set[str]:
    """The load balancers that clients, VPC links or integrations' uris lead to; those left out are not judged."""
    internal = {b.dns_name: b.name for b in gateway.load_balancers if b.scheme is Scheme.INTERNAL}
    used = tree.names("load_balancers").keys() - set(internal.values())
    used |= {link.load_balancer for link in gateway.vpc_links}
    if internal:
        used |= {internal[host] for host in _hosts(gateway) if host in internal}
    return used


def _hosts(gateway: Gateway) -> set[str]:
    """The hosts of all integrations' uris, in every stage; each beginning of a uri is looked at once."""
    beginnings = {
        (id(api), "/".join(method.integration.uri.split("/", 3)[:3])): api
        for api in gateway.apis
        for method in api.methods
        if method.integration.connection_type is ConnectionType.INTERNET
    }
    hosts: set[str] = set()
    for (_, beginning), api in beginnings.items():
        for stage in api.stages:
            uri = filled(beginning, stage)
            if uri.lower().startswith(_SCHEMES) and "[" not in uri:
                hosts.add((urlsplit(uri).hostname or "").rstrip("."))
    return hosts


def used_groups(tree: Node) -> set[str]:
    """The target groups that actions name, also those of rules that were left out for another mistake."""
    named = texts(tree.child("load_balancers"), ("load_balancers",))
    return {
        str(node.value)
        for pointer, node in named
        if pointer[-1] == "target_group" or (pointer[-1] == "name" and pointer[-3:-2] == ("target_groups",))
    }
