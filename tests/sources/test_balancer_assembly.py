from __future__ import annotations

from pathlib import Path

import pytest

from gateline.model.gateway import CertificateSource, SelfSigned, TlsFiles
from gateline.model.load_balancer import BalancerType, Forward, Scheme, WeightedTargetGroup

from .balancers import (
    Json,
    condition,
    errors_of,
    gateway_of,
    http,
    listener_of,
    listening,
    project,
    rule,
    rules_of,
)
from .conftest import LoadProject

LISTENER = "/load_balancers/b/listeners/0"
FACING: Json = {"scheme": "internet-facing"}


def test_a_balancer_that_says_little_is_an_internal_application_balancer(load_project: LoadProject) -> None:
    text = project(load_balancers={"Internal": {"listeners": [http(port=443, protocol="HTTPS")]}})
    (balancer,) = gateway_of(load_project, text).load_balancers
    assert (balancer.type, balancer.scheme) == (BalancerType.APPLICATION, Scheme.INTERNAL)
    assert (balancer.name, balancer.dns_name) == ("Internal", "internal")
    (listener,) = balancer.listeners
    assert (listener.address, listener.bind_port, listener.certificates) == ("", 0, ())


def test_rules_stand_in_the_order_of_their_priorities_the_default_one_last(load_project: LoadProject) -> None:
    at = condition("path-pattern", "/a")
    text = listening(http(rule(at, priority=30), rule(at, priority=4), rule(at, priority=20)))
    rules = rules_of(load_project, text)
    assert [each.priority for each in rules] == [4, 20, 30, None]
    assert rules[0].origin.json_pointer == f"{LISTENER}/rules/1"
    assert rules[-1].origin.json_pointer == f"{LISTENER}/default_actions"


@pytest.mark.parametrize(("rules", "told"), [(50, []), (51, ["GL237"])])
def test_more_rules_than_amazon_takes_are_served_with_a_warning(
    load_project: LoadProject, rules: int, told: list[str]
) -> None:
    each = [rule(condition("path-pattern", "/a"), priority=number) for number in range(1, rules + 1)]
    text = listening(http(*each[:50]), http(*each, port=81))
    loaded = load_project(text, environ={"A": "x"})
    assert [d.code.name for d in loaded.report.diagnostics if d.code.name == "GL237"] == told
    assert loaded.gateway is not None


def test_a_listener_that_faces_clients_opens_the_socket_that_it_names_or_the_gateways_address(
    load_project: LoadProject,
) -> None:
    unnamed = listening(http(), balancer=FACING, gateway={"address": "::1"})
    assert (listener := listener_of(load_project, unnamed)).address == "::1"
    assert listener.bind_port == 80
    named = listening(http(bind="127.0.0.2:8081"), balancer=FACING)
    listener = listener_of(load_project, named)
    assert (listener.port, listener.address, listener.bind_port) == (80, "127.0.0.2", 8081)


def test_certificates_are_named_after_balancer_port_and_place(
    load_project: LoadProject, tmp_path: Path
) -> None:
    (tmp_path / "a.pem").touch()
    (tmp_path / "a.key").touch()
    certificates = [{"certificate": "a.pem", "private_key": "a.key"}, {"self_signed": True}]
    text = listening(http(protocol="HTTPS", certificates=certificates), balancer=FACING)
    gateway = gateway_of(load_project, text)
    (listener,) = gateway.load_balancers[0].listeners
    assert listener.certificates == ("balancer/b:80/0", "balancer/b:80/1")
    origin = listener.origin
    assert gateway.certificates == (
        CertificateSource(
            name="balancer/b:80/0",
            source=TlsFiles(
                certificate=str(tmp_path / "a.pem"),
                private_key=str(tmp_path / "a.key"),
                origin=origin.child("certificates", 0),
            ),
            hosts=("10.example.com",),
        ),
        CertificateSource(
            name="balancer/b:80/1",
            source=SelfSigned(origin=origin.child("certificates", 1)),
            hosts=("10.example.com",),
        ),
    )


def test_certificates_of_an_internal_balancer_are_not_needed_nor_loaded(load_project: LoadProject) -> None:
    text = listening(http(protocol="HTTPS", certificates=[{"self_signed": True}]))
    gateway = gateway_of(load_project, text)
    assert gateway.load_balancers[0].listeners[0].certificates == ()
    assert gateway.certificates == ()


GROUPS: Json = {"raw": {"protocol": "TCP"}, "secure": {"protocol": "TLS"}}
NETWORK: Json = {"type": "network", "scheme": "internet-facing"}
RAW: Json = {"protocol": "TCP", "port": 9, "default_actions": [{"type": "forward", "target_group": "raw"}]}


@pytest.mark.parametrize(
    ("listener", "balancer", "said"),
    [
        (http(bind="127.0.0.1:81"), {}, "/bind: an internal balancer opens no socket"),
        (
            http(protocol="HTTPS"),
            FACING,
            ": an internet-facing HTTPS listener needs certificates",
        ),
        (
            http(certificates=[{"self_signed": True}]),
            FACING,
            "/certificates: certificates belong to an HTTPS or TLS listener",
        ),
        (
            {**RAW, "rules": [rule(condition("path-pattern", "/"), action=RAW["default_actions"][0])]},
            NETWORK,
            "/rules: a listener of a network balancer has no rules",
        ),
        (
            {**RAW, "protocol": "TLS"},
            NETWORK,
            ": an internet-facing TLS listener needs certificates",
        ),
        (
            {**RAW, "protocol": "TLS"},
            {"type": "network"},
            "/protocol: only integrations lead to an internal balancer, and its listeners are TCP, not TLS",
        ),
        (
            {**RAW, "protocol": "UDP", "certificates": [{"self_signed": True}]},
            {**NETWORK, "raw": "UDP"},
            "/certificates: certificates belong to an HTTPS or TLS listener",
        ),
        (
            {**RAW, "protocol": "UDP"},
            {"type": "network", "raw": "UDP"},
            "/protocol: only integrations lead to an internal balancer, and its listeners are TCP, not UDP",
        ),
        (
            {**RAW, "protocol": "HTTP"},
            NETWORK,
            "/protocol: the listeners of a network balancer are TCP, TLS, UDP or TCP_UDP, not HTTP",
        ),
        (
            http(protocol="TCP"),
            {},
            "/protocol: the listeners of an application balancer are HTTP or HTTPS, not TCP",
        ),
    ],
)
def test_listeners_that_do_not_fit_their_balancer_are_refused(
    load_project: LoadProject, listener: Json, balancer: Json, said: str
) -> None:
    raw = balancer.get("raw", "TCP")
    face = {key: value for key, value in balancer.items() if key != "raw"}
    text = listening(listener, balancer=face, target_groups={"raw": {"protocol": raw}})
    assert errors_of(load_project, text) == [f"GL231 {LISTENER}{said}"]


def test_what_had_its_complaint_is_not_missed_too(load_project: LoadProject) -> None:
    wrong = http(protocol="HTTPS", certificates=[{"self_signed": False}])
    text = listening(wrong, balancer=FACING)
    assert [line[:5] for line in errors_of(load_project, text)] == ["GL207"]


def test_one_balancer_has_one_listener_at_a_port(load_project: LoadProject) -> None:
    assert errors_of(load_project, listening(http(), http(protocol="HTTPS"))) == [
        "GL231 /load_balancers/b/listeners/1/port: 'b' has another listener at port 80"
    ]


def test_dns_names_are_unique_in_any_case_of_letters(load_project: LoadProject) -> None:
    two = {"a": {"listeners": [http()]}, "b": {"dns_name": "A", "listeners": [http()]}}
    assert errors_of(load_project, project(load_balancers=two)) == [
        "GL233 /load_balancers/b/dns_name: the load balancers 'a' and 'b' have the same dns_name 'a'"
    ]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (
            [rule(condition("path-pattern", "/a")), rule(condition("path-pattern", "/b"))],
            "/rules/1/priority: another rule of this listener has the priority 1",
        ),
        (
            [rule(condition("source-ip", "10.0.0.0/8"), condition("source-ip", "11.0.0.0/8"))],
            "/rules/0/conditions: a rule takes one source-ip condition; its values are alternatives",
        ),
        (
            [rule(condition("path-pattern", *"abc"), condition("http-request-method", *"DEF"))],
            "/rules/0/conditions: the conditions of a rule hold 5 values at most, these 6",
        ),
        (
            [rule(condition("path-pattern", "/***"), condition("query-string", "a=*??"))],
            "/rules/0/conditions: the conditions of a rule hold 5 wildcards at most, these 6",
        ),
    ],
)
def test_rules_keep_to_amazons_quotas(load_project: LoadProject, rules: list[Json], said: str) -> None:
    assert errors_of(load_project, listening(http(*rules))) == [f"GL229 {LISTENER}{said}"]


def test_some_conditions_may_be_repeated_so_that_all_must_hold(load_project: LoadProject) -> None:
    twice = rule(
        condition("http-header", "a", http_header_name="X-A"),
        condition("http-header", "b", http_header_name="X-A"),
        condition("query-string", "a"),
        condition("query-string", "b"),
    )
    assert len(rules_of(load_project, listening(http(twice)))[0].conditions) == 4


def test_what_did_not_change_is_equal_after_another_reading(load_project: LoadProject) -> None:
    text = listening(http(rule(condition("path-pattern", "/a"))), services={"s": {"command": "x {port}"}})
    first, second = gateway_of(load_project, text), gateway_of(load_project, text)
    assert first == second
    assert hash(first.load_balancers[0]) == hash(second.load_balancers[0])


def test_passthrough_names_are_lower_case_and_lead_to_tcp_groups(load_project: LoadProject) -> None:
    passed = [{"server_names": ["DB.internal", "*.x"], "target_groups": [{"name": "raw", "weight": 3}]}]
    only_passes = {"protocol": "TLS", "port": 9, "passthrough": passed}
    listener = listener_of(load_project, listening(only_passes, balancer=NETWORK, target_groups=GROUPS))
    assert listener.rules == ()
    assert listener.passthrough == ((("db.internal", "*.x"), Forward((WeightedTargetGroup("raw", 3),))),)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({**RAW, "passthrough": [{"server_names": ["a"], "target_groups": [{"name": "raw"}]}]}, "GL207"),
        ({"protocol": "TLS", "port": 9, "certificates": [{"self_signed": True}]}, "GL207"),
        (
            {
                "protocol": "TLS",
                "port": 9,
                "passthrough": [{"server_names": ["a", "a"], "target_groups": [{"name": "raw"}]}],
            },
            "GL207",
        ),
        (
            {
                "protocol": "TLS",
                "port": 9,
                "passthrough": [{"server_names": ["a"], "target_groups": [{"name": "secure"}]}],
            },
            "GL234",
        ),
    ],
)
def test_passthrough_that_cannot_be_is_refused(load_project: LoadProject, written: Json, said: str) -> None:
    errors = errors_of(load_project, listening(written, balancer=NETWORK, target_groups=GROUPS))
    assert [each[:5] for each in errors] == [said]
