"""Who leads to load balancers and target groups: links that name one, and what nobody leads to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.model.integration import ConnectionType
from gateline.model.load_balancer import Forward, HttpHeader, LoadBalancer, Scheme
from gateline.model.secret import SecretRef
from gateline.sources.placeholder import filled
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Node

_SCHEMES: Final = ("http://", "https://")


def check_links(gateway: Gateway, tree: Node, complaints: Complaints) -> None:
    """A VPC link's target without a port is a load balancer, and must be declared."""
    declared = tree.names("load_balancers")
    for link in gateway.vpc_links:
        if link.load_balancer and link.load_balancer not in declared:
            complaints.add(
                codes.LOAD_BALANCER_NOT_DECLARED,
                tree.at(("vpc_links", link.name, "target")).origin,
                f"the target of the VPC link '{link.name}' is no load balancer of the project file",
                help=did_you_mean(link.load_balancer, declared)
                or "declare it under load_balancers, or write HOST:PORT",
            )


def used_balancers(gateway: Gateway) -> set[str]:
    """The load balancers that clients, VPC links or integrations' uris lead to."""
    used = {link.load_balancer for link in gateway.vpc_links}
    internal = {b.dns_name: b.name for b in gateway.load_balancers if b.scheme is Scheme.INTERNAL}
    used |= {b.name for b in gateway.load_balancers if b.scheme is Scheme.INTERNET_FACING}
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


def used_groups(gateway: Gateway) -> set[str]:
    """The target groups that a listener forwards to."""
    return {
        group.name
        for balancer in gateway.load_balancers
        for listener in balancer.listeners
        for rule in listener.rules
        if isinstance(rule.action, Forward)
        for group in rule.action.target_groups
    }


def used_secrets(gateway: Gateway) -> set[str]:
    """The secrets that rules compare headers with, and those that services are given."""
    used = {secret for service in gateway.services for _, secret in service.secrets}
    for balancer in gateway.load_balancers:
        used.update(_secrets_of(balancer))
    return used


def _secrets_of(balancer: LoadBalancer) -> Iterator[str]:
    for listener in balancer.listeners:
        for rule in listener.rules:
            for condition in rule.conditions:
                if isinstance(condition, HttpHeader):
                    yield from (value.name for value in condition.values if isinstance(value, SecretRef))
