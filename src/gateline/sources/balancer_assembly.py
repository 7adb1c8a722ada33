"""From the project file's load balancers to the model's: listeners, rules in their order, certificates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from gateline.model import codes
from gateline.model.gateway import CertificateSource
from gateline.model.load_balancer import (
    BalancerType,
    Condition,
    Forward,
    Listener,
    ListenerProtocol,
    LoadBalancer,
    Rule,
    Scheme,
)
from gateline.sources import client_address_assembly
from gateline.sources.access_log_assembly import access_log_file
from gateline.sources.attribute_assembly import AttributeReader
from gateline.sources.balancer_values import NETWORK_GROUPS
from gateline.sources.listener_tls_assembly import listener_tls
from gateline.sources.login_assembly import LoginReader, check_cookies
from gateline.sources.project_balancer import ListenerPart, LoadBalancerPart, RulePart
from gateline.sources.project_values import split_host_port
from gateline.sources.rule_action import ActionReader
from gateline.sources.rule_condition import ConditionReader, wildcards
from gateline.sources.rule_transform import read_transforms
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench

MAX_RULES: Final = 100  # of a balancer, default actions not counted: load-balancers.md section 1, quotas
MAX_VALUES: Final = 5  # of a rule
MAX_WILDCARDS: Final = 5
_REPEATABLE: Final = frozenset({"http-header", "query-string"})


class BalancerReader:
    """Makes load balancers and notes the certificates that they need.

    `protocols` are those of the target groups by name; `address` is the gateway's, where listeners are opened
    that name no socket of their own. `reached` are the listeners that network balancers lead to, by their
    balancers' names and their ports: clients speak with them, too.
    """

    def __init__(
        self,
        bench: Workbench,
        protocols: Mapping[str, str],
        address: str,
        reached: frozenset[tuple[str, int]] = frozenset(),
    ) -> None:
        self._bench = bench
        self._reached = reached
        self._address = address
        self._actions = ActionReader(bench, protocols)
        self._conditions = ConditionReader(bench, bench.tree.names("secrets"))
        self._logins = LoginReader(bench, bench.tree.names("secrets"))
        self._attributes = AttributeReader(bench)
        self._dns_names: dict[str, str] = {}
        self.certificates: list[CertificateSource] = []

    @property
    def judged(self) -> set[Pointer]:
        """The places where a secret may stand, and was judged."""
        return self._conditions.judged | self._logins.judged

    def balancer(self, name: str, part: LoadBalancerPart) -> LoadBalancer:
        """The balancer of that name."""
        here: Pointer = ("load_balancers", name)
        dns_name = str(part.dns_name) or name.lower()
        owner = self._dns_names.setdefault(dns_name, name)
        if owner != name:
            self._bench.complain(
                codes.DNS_NAME_TAKEN,
                (*here, "dns_name"),
                f"the load balancers '{owner}' and '{name}' have the same dns_name '{dns_name}'",
                advice="integrations could not tell them apart; give one another dns_name",
            )
        ports: set[int] = set()
        for index, listener in enumerate(part.listeners):
            if listener.port in ports:
                message = f"'{name}' has another listener at port {listener.port}"
                self._bench.complain(codes.LISTENER_INVALID, (*here, "listeners", index, "port"), message)
            ports.add(listener.port)
        rules = sum(len(listener.rules) for listener in part.listeners)
        if rules > MAX_RULES:
            message = f"the load balancer '{name}' has {rules} rules; Amazon's quota is {MAX_RULES}"
            self._bench.complain(codes.TOO_MANY_RULES, (*here, "listeners"), message)
        listeners = (
            self._listener((*here, "listeners", index), name, dns_name, part, listener)
            for index, listener in enumerate(part.listeners)
        )
        made = LoadBalancer(
            name=name,
            type=BalancerType(part.type),
            scheme=Scheme(part.scheme),
            dns_name=dns_name,
            listeners=tuple(listeners),
            origin=self._bench.origin(here),
            access_log=access_log_file(self._bench, here, part),
            attributes=self._attributes.balancer(here, self._as_met(name, part)),
        )
        check_cookies(self._bench, made)
        return made

    def _listener(
        self, here: Pointer, name: str, dns_name: str, balancer: LoadBalancerPart, part: ListenerPart
    ) -> Listener:
        faces_clients = balancer.scheme == "internet-facing"
        has_clients = faces_clients or (name, part.port) in self._reached
        self._check_listener(here, balancer, part, has_clients=has_clients)
        address, port = ("", 0)
        if faces_clients:
            address, port = split_host_port(part.bind) or (self._address, part.port)
        return Listener(
            protocol=ListenerProtocol(part.protocol),
            port=part.port,
            address=address,
            bind_port=port,
            certificates=self._certificates(here, name, dns_name, part) if has_clients else (),
            rules=self._rules(here, part, balancer),
            passthrough=self._passthrough(here, part),
            tls=listener_tls(self._bench, here, part, faces_clients=has_clients),
            origin=self._bench.origin(here),
            attributes=self._attributes.listener(here, self._as_met(name, balancer), part),
            client_address=client_address_assembly.of_listener(self._bench, here, balancer, part),
        )

    def _as_met(self, name: str, part: LoadBalancerPart) -> LoadBalancerPart:
        """The balancer as its clients meet it: an internal one may have some, behind a network balancer."""
        if any(name == reached for reached, _ in self._reached):
            return part.model_copy(update={"scheme": "internet-facing"})
        return part

    def _check_listener(
        self, here: Pointer, balancer: LoadBalancerPart, part: ListenerPart, *, has_clients: bool
    ) -> None:
        network = balancer.type == "network"
        faces_clients = balancer.scheme == "internet-facing"
        if (part.protocol in NETWORK_GROUPS) != network:
            message = f"the listeners of {'a network' if network else 'an application'} balancer are "
            message += f"{'TCP, TLS, UDP or TCP_UDP' if network else 'HTTP or HTTPS'}, not {part.protocol}"
            self._refuse((*here, "protocol"), message)
        elif network and not faces_clients and part.protocol != "TCP":
            message = f"only integrations lead to an internal balancer, and its listeners are TCP, not {part.protocol}"
            advice = "write TCP: an integration speaks TLS through it by itself where its uri says https"
            self._refuse((*here, "protocol"), message, advice)
        if network and part.rules:
            self._refuse((*here, "rules"), "a listener of a network balancer has no rules")
        if part.bind and not faces_clients:
            advice = "leave bind out, or make the scheme internet-facing"
            self._refuse((*here, "bind"), "an internal balancer opens no socket", advice)
        ends_tls = part.protocol in {"HTTPS", "TLS"}
        if part.certificates and not ends_tls:
            self._refuse((*here, "certificates"), "certificates belong to an HTTPS or TLS listener")
        if has_clients and ends_tls and not (part.certificates or part.passthrough):
            advice = "add certificates: [{certificate: FILE, private_key: FILE}] or [{self_signed: true}]"
            kind = "internet-facing " if faces_clients else ""
            self._refuse(here, f"an {kind}{part.protocol} listener needs certificates", advice)

    def _refuse(self, pointer: Pointer, message: str, advice: str = "") -> None:
        if not self._bench.validated.lacks(*pointer):  # what was left out has had its complaint
            self._bench.complain(codes.LISTENER_INVALID, pointer, message, advice=advice)

    def _certificates(self, here: Pointer, name: str, dns_name: str, part: ListenerPart) -> tuple[str, ...]:
        names: list[str] = []
        for index, certificate in enumerate(part.certificates):
            source = self._bench.tls((*here, "certificates", index), certificate)
            if source is not None:
                names.append(f"balancer/{name}:{part.port}/{index}")
                self.certificates.append(CertificateSource(name=names[-1], source=source, hosts=(dns_name,)))
        return tuple(names)

    def _rules(self, here: Pointer, part: ListenerPart, balancer: LoadBalancerPart) -> tuple[Rule, ...]:
        """The rules in the order of evaluation; those that were complained about are not in it."""
        rules: list[tuple[int, Rule]] = []
        taken: set[int] = set()
        for index, rule in enumerate(part.rules):
            place = (*here, "rules", index)
            if rule.priority in taken:
                message = f"another rule of this listener has the priority {rule.priority}"
                self._bench.complain(codes.RULE_INVALID, (*place, "priority"), message)
            taken.add(rule.priority)
            made = self._rule(place, rule, part, balancer)
            if made is not None:
                rules.append((rule.priority, made))
        place, network = (*here, "default_actions"), balancer.type == "network"
        actions = part.default_actions
        asked = self._logins.authentication(place, actions, part, balancer)
        default = self._actions.action(place, actions, part, network=network) if actions else None
        ordered = [rule for _, rule in sorted(rules, key=lambda pair: pair[0])]
        if default is not None:
            origin = self._bench.origin(place)
            ordered.append(Rule(priority=None, action=default, authentication=asked, origin=origin))
        return tuple(ordered)

    def _passthrough(self, here: Pointer, part: ListenerPart) -> tuple[tuple[tuple[str, ...], Forward], ...]:
        """Server names and where their connections go; those that were complained about are not in it."""
        read = (
            (each.server_names, self._actions.passthrough((*here, "passthrough", index), each))
            for index, each in enumerate(part.passthrough)
        )
        return tuple(
            (tuple(str(name) for name in server_names), forward)
            for server_names, forward in read
            if forward is not None
        )

    def _rule(
        self, here: Pointer, part: RulePart, listener: ListenerPart, balancer: LoadBalancerPart
    ) -> Rule | None:
        place, network = (*here, "actions"), balancer.type == "network"
        action = self._actions.action(place, part.actions, listener, network=network)
        asked = self._logins.authentication(place, part.actions, listener, balancer)
        read = (
            self._conditions.condition((*here, "conditions", index), condition)
            for index, condition in enumerate(part.conditions)
        )
        conditions = tuple(condition for condition in read if condition is not None)
        self._check_quotas(here, part, conditions)
        transforms = read_transforms(self._bench, (*here, "transforms"), part.transforms, action)
        if action is None or len(conditions) != len(part.conditions):
            return None
        return Rule(
            priority=part.priority,
            conditions=conditions,
            action=action,
            authentication=asked,
            origin=self._bench.origin(here),
            transforms=transforms,
        )

    def _check_quotas(self, here: Pointer, part: RulePart, conditions: tuple[Condition, ...]) -> None:
        pointer = (*here, "conditions")
        counts = Counter(condition.field for condition in part.conditions)
        for kind, count in counts.items():
            if count > 1 and kind not in _REPEATABLE:
                message = f"a rule takes one {kind} condition; its values are alternatives"
                self._bench.complain(codes.RULE_INVALID, pointer, message)
        values = sum(len((*each.values, *getattr(each, "regex_values", ()))) for each in conditions)
        if values > MAX_VALUES:
            message = f"the conditions of a rule hold {MAX_VALUES} values at most, these {values}"
            self._bench.complain(codes.RULE_INVALID, pointer, message, advice="split the rule")
        stars = sum(map(wildcards, conditions))
        if stars > MAX_WILDCARDS:
            message = f"the conditions of a rule hold {MAX_WILDCARDS} wildcards at most, these {stars}"
            self._bench.complain(codes.RULE_INVALID, pointer, message, advice="split the rule")
