"""The access log of an application balancer: what Envoy is told to write. The lines: tests/end_to_end/balancers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from compile.balancers import balancer, fixed, forward, group, listener, project, rule
from compile.gateways import compiled
from gateline.compile.access_log import access_log, access_log_filter, action_name, rule_metadata
from gateline.compile.resources import CLUSTER, SCOPED_ROUTE
from gateline.compile.wire import to_dict
from gateline.model.balancer_attributes import BalancerAttributes
from gateline.model.load_balancer import ListenerProtocol, LoadBalancer, Redirect

NAMES_OF_AMAZONS_PAGE = 30


def logging(*rules: Any, **fields: Any) -> LoadBalancer:
    return replace(balancer(listener(*rules, **fields)), access_log="/var/log/public.log")


def text(public: LoadBalancer) -> str:
    [logger] = access_log(public, public.listeners[0])
    config: Any = to_dict(logger["typed_config"])  # type: ignore[arg-type]
    assert config["path"] == "/var/log/public.log"
    return str(config["log_format"]["text_format_source"]["inline_string"])


def test_nobody_pays_for_a_log_that_nobody_asked_for() -> None:
    public = balancer(listener())
    assert access_log(public, public.listeners[0]) == []
    assert access_log_filter(public, public.listeners[0]) == []
    resources = compiled(project(public))
    assert "gl.rule" not in str(resources.by_type[SCOPED_ROUTE])


@pytest.mark.parametrize("protocol", [ListenerProtocol.HTTP, ListenerProtocol.HTTPS])
def test_a_line_has_thirty_fields(protocol: ListenerProtocol) -> None:
    written = text(logging(protocol=protocol, certificates=("a",)))
    line = re.sub(r"%CEL\(.*?\)%|%[A-Z_]+(?:\([^)]*\))?%", "x", written)
    assert len(line.split(" ")) == NAMES_OF_AMAZONS_PAGE
    assert line.endswith("TID_x\n")


def test_what_a_client_sent_is_written_only_where_a_quote_was_looked_for() -> None:
    written = text(logging())
    assert "%REQ(" not in written
    assert written.count("request.headers['x-amzn-trace-id']") == 2


def test_rules_say_what_they_do() -> None:
    public = logging(rule(4, fixed(200)), rule(None, forward(one=1)))
    resources = compiled(project(public, groups=(group("one", ("10.0.3.7", 80)),)))
    scope: Any = to_dict(resources.by_type[SCOPED_ROUTE]["balancer/public:80"])
    routes = scope["route_configuration"]["virtual_hosts"][0]["routes"]
    told = [route["metadata"]["filter_metadata"]["gl.rule"] for route in routes if "metadata" in route]
    assert told == [
        {"priority": "4", "actions": "fixed-response"},
        {"priority": "0", "actions": "forward"},
    ]
    cluster: Any = to_dict(resources.by_type[CLUSTER]["targets/one"])
    arn = cluster["metadata"]["filter_metadata"]["gl.rule"]["arn"]
    assert re.fullmatch(
        r"arn:aws:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:targetgroup/one/[0-9a-f]{16}", arn
    )


def test_actions_have_amazons_names() -> None:
    assert action_name(Redirect(status_code=301)) == "redirect"
    made: Any = rule_metadata(None, ["authenticate", "forward"])["filter_metadata"]
    assert made["gl.rule"].fields["actions"].string_value == "authenticate,forward"


def test_other_attributes_do_not_change_the_line() -> None:
    public = logging()
    other = replace(public, attributes=BalancerAttributes(http2=False))
    assert text(public) == text(other)
