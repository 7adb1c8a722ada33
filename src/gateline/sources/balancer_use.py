"""Who leads to load balancers and target groups: links that name one, and what nobody leads to."""

from __future__ import annotations

from collections.abc import Iterator

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import Scheme
from gateline.sources.api_use import Uses
from gateline.sources.balancer_target_assembly import reached_balancers
from gateline.sources.environment import as_written
from gateline.sources.placeholder import filled
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Node, texts


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


def used_balancers(gateway: Gateway, tree: Node, uses: Uses) -> set[str]:
    """The load balancers that clients, VPC links or integrations' uris lead to; those left out are not judged."""
    linked = {link.load_balancer for link in gateway.vpc_links}
    unseen = {
        balancer.dns_name: balancer.name
        for balancer in gateway.load_balancers
        if balancer.scheme is Scheme.INTERNAL and balancer.name not in linked
    }
    for host in _hosts(gateway, uses):
        if not unseen:
            break  # a project has many hosts and few balancers
        unseen.pop(host, None)
    return tree.names("load_balancers").keys() - (set(unseen.values()) - reached_balancers(tree))


def _hosts(gateway: Gateway, uses: Uses) -> Iterator[str]:
    """The hosts of integrations' uris, in every stage."""
    for api in gateway.apis:
        for beginning in uses.of(api).beginnings:
            for stage in api.stages:
                scheme, _, authority = filled(beginning, stage).partition("://")
                if scheme.lower() in {"http", "https"}:
                    yield authority.split("/", 1)[0].partition(":")[0].rstrip(".").lower()


def used_groups(tree: Node) -> set[str]:
    """The target groups that actions name, also those of rules that were left out for another mistake."""
    named = texts(tree.child("load_balancers"), ("load_balancers",))
    return {
        str(node.value)
        for pointer, node in named
        if pointer[-1] == "target_group" or (pointer[-1] == "name" and pointer[-3:-2] == ("target_groups",))
    }
