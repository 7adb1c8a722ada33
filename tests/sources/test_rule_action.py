from __future__ import annotations

import pytest

from gateline.model.load_balancer import Action, FixedResponse, Forward, Redirect, WeightedTargetGroup

from .balancers import FIXED, Json, errors_of, http, listening, rules_of
from .conftest import LoadProject

AT = "/load_balancers/b/listeners/0/default_actions"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"type": "forward", "target_group": "orders"}, Forward((WeightedTargetGroup("orders"),))),
        (
            {"type": "forward", "order": 1, "target_groups": [{"name": "orders", "weight": 0}]},
            Forward((WeightedTargetGroup("orders", 0),)),
        ),
        (
            {"type": "forward", "forward_config": {"target_groups": [{"name": "orders", "weight": 9}]}},
            Forward((WeightedTargetGroup("orders", 9),)),
        ),
        (
            {
                "type": "fixed-response",
                "status_code": "503",
                "content_type": "text/html",
                "message_body": "no",
            },
            FixedResponse(status_code=503, content_type="text/html", message_body="no"),
        ),
        (
            {"type": "fixed-response", "fixed_response_config": {"status_code": 200}},
            FixedResponse(status_code=200),
        ),
        ({"type": "fixed-response", "status_code": "204"}, FixedResponse(status_code=204)),
        (
            {"type": "redirect", "protocol": "HTTPS", "port": 443, "status_code": "HTTP_301"},
            Redirect(protocol="HTTPS", port="443", status_code=301),
        ),
        (
            {
                "type": "redirect",
                "redirect_config": {
                    "path": "/v2/#{path}",
                    "query": "from=#{host}",
                    "status_code": "HTTP_302",
                },
            },
            Redirect(path="/v2/#{path}", query="from=#{host}", status_code=302),
        ),
    ],
)
def test_actions_are_read_in_both_forms(load_project: LoadProject, written: Json, read: Action) -> None:
    (rule,) = rules_of(load_project, listening(http(default_actions=[written])))
    assert rule.action == read
    assert rule.priority is None


@pytest.mark.parametrize(
    ("listener", "said"),
    [
        (
            http(default_actions=[FIXED, FIXED]),
            f"GL230 {AT}/1: exactly one action is taken: a forward, a redirect or a fixed-response",
        ),
        (
            http(default_actions=[{"type": "forward", "target_group": "ordres"}]),
            f"GL226 {AT}/0/target_group: the target group 'ordres' is not declared",
        ),
        (
            http(default_actions=[{"type": "forward", "target_groups": [{"name": "orders"}, {"name": "x"}]}]),
            f"GL226 {AT}/0/target_groups/1/name: the target group 'x' is not declared",
        ),
        (
            http(default_actions=[{"type": "redirect", "query": "a=b", "status_code": "HTTP_301"}]),
            f"GL230 {AT}/0: the redirect leads to where it comes from",
        ),
        (
            http(
                default_actions=[
                    {"type": "redirect", "protocol": "HTTP", "port": 80, "status_code": "HTTP_301"}
                ]
            ),
            f"GL230 {AT}/0: the redirect leads to where it comes from",
        ),
        (
            http(
                protocol="HTTPS",
                default_actions=[{"type": "redirect", "protocol": "HTTP", "status_code": "HTTP_301"}],
            ),
            f"GL230 {AT}/0: a redirect from HTTPS to HTTP is not taken",
        ),
        (
            http(default_actions=[{"type": "fixed-response", "status_code": "204", "message_body": "x"}]),
            f"GL230 {AT}/0/message_body: an answer with status 204 has no body",
        ),
        (
            http(
                default_actions=[
                    {
                        "type": "fixed-response",
                        "fixed_response_config": {"status_code": 205, "message_body": "x"},
                    }
                ]
            ),
            f"GL230 {AT}/0/fixed_response_config/message_body: an answer with status 205 has no body",
        ),
    ],
)
def test_actions_that_cannot_be_taken_are_refused(
    load_project: LoadProject, listener: Json, said: str
) -> None:
    assert errors_of(load_project, listening(listener)) == [said]


def test_each_kind_of_balancer_forwards_to_its_own_protocols(load_project: LoadProject) -> None:
    groups = {"web": {"protocol": "HTTPS"}, "raw": {"protocol": "TCP"}}
    to_raw = http(default_actions=[{"type": "forward", "target_group": "raw"}])
    assert errors_of(load_project, listening(to_raw, target_groups=groups)) == [
        (
            f"GL234 {AT}/0/target_group: the protocol of the target group 'raw' is TCP;"
            " an application balancer forwards to HTTP or HTTPS only"
        )
    ]
    to_web = {
        "protocol": "TCP",
        "port": 9,
        "default_actions": [{"type": "forward", "forward_config": {"target_groups": [{"name": "web"}]}}],
    }
    text = listening(to_web, balancer={"type": "network"}, target_groups=groups)
    assert errors_of(load_project, text) == [
        (
            f"GL234 {AT}/0/forward_config/target_groups/0/name: the protocol of the target group 'web' is HTTPS;"
            " a network balancer forwards to TCP or TCP_UDP only"
        )
    ]


def test_a_network_balancer_takes_a_forward_only(load_project: LoadProject) -> None:
    listener = {"protocol": "TCP", "port": 9, "default_actions": [FIXED]}
    assert errors_of(load_project, listening(listener, balancer={"type": "network"})) == [
        f"GL230 {AT}/0/type: a listener of a network balancer takes a forward only, no fixed-response"
    ]


def test_a_group_whose_declaration_is_wrong_does_not_count_as_missing(load_project: LoadProject) -> None:
    listener = http(default_actions=[{"type": "forward", "target_group": "orders"}])
    text = listening(listener, target_groups={"orders": {"protocol": "FTP"}})
    assert [line[:5] for line in errors_of(load_project, text)] == ["GL205"]


@pytest.mark.parametrize("protocol", ["UDP", "TCP_UDP"])
def test_a_listener_of_datagrams_forwards_to_one_group_that_takes_them(
    load_project: LoadProject, protocol: str
) -> None:
    groups = {"one": {"protocol": "TCP_UDP"}, "two": {"protocol": "TCP_UDP"}, "raw": {"protocol": "TCP"}}
    facing = {"type": "network", "scheme": "internet-facing"}

    def errors(*names: str) -> list[str]:
        action = {"type": "forward", "target_groups": [{"name": name} for name in names]}
        listener = {"protocol": protocol, "port": 9, "default_actions": [action]}
        return errors_of(load_project, listening(listener, balancer=facing, target_groups=groups))

    assert errors("one") == []
    assert errors("one", "two") == [f"GL230 {AT}/0: a {protocol} listener forwards to one target group"]
    fitting = "UDP or TCP_UDP" if protocol == "UDP" else "TCP_UDP"
    assert errors("raw") == [
        (
            f"GL234 {AT}/0/target_groups/0/name: the protocol of the target group 'raw' is TCP;"
            f" a network balancer forwards to {fitting} only"
        )
    ]
