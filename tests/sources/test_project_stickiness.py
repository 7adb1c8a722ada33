"""Stickiness in the project file."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateline.model.load_balancer import Forward
from gateline.model.target_group import Stickiness, StickinessType

from .conftest import LoadProject, said


def project(group: str = "{}", action: str = "target_group: one") -> str:
    return f"""
apis: {{a: {{definition: api.json}}}}
load_balancers:
  public:
    scheme: internet-facing
    listeners:
      - protocol: HTTP
        port: 80
        default_actions: [{{type: forward, {action}}}]
target_groups:
  one: {group}
  two: {{}}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{enabled: false, type: app_cookie}", None),
        ("{enabled: true}", Stickiness()),
        ("{enabled: true, duration_seconds: 1}", Stickiness(duration=timedelta(seconds=1))),
        (
            "{enabled: true, type: app_cookie, cookie_name: SID, duration_seconds: 604800}",
            Stickiness(type=StickinessType.APP_COOKIE, duration=timedelta(days=7), cookie_name="SID"),
        ),
    ],
)
def test_stickiness_of_a_group_arrives(
    load_project: LoadProject, text: str, expected: Stickiness | None
) -> None:
    loaded = load_project(project(f"{{stickiness: {text}}}"))
    assert loaded.gateway is not None, said(loaded)
    assert loaded.gateway.target_groups[0].stickiness == expected


@pytest.mark.parametrize(
    ("group", "word"),
    [
        ("{stickiness: {type: lb_cookie}}", "enabled must be said"),
        ("{stickiness: {enabled: true, type: app_cookie}}", "needs cookie_name"),
        ("{stickiness: {enabled: true, cookie_name: SID}}", "belongs to the type app_cookie"),
        ("{stickiness: {enabled: true, type: app_cookie, cookie_name: AWSALBX}}", "balancer's own"),
        ("{stickiness: {enabled: true, type: app_cookie, cookie_name: 'a;b'}}", "name of a cookie"),
        ("{stickiness: {enabled: true, duration_seconds: 0}}", "1"),
        ("{stickiness: {enabled: true, duration_seconds: 604801}}", "604800"),
        ("{stickiness: {enabled: true, type: source_ip}}", "network balancers"),
        ("{protocol: TCP, stickiness: {enabled: true}}", "HTTP or HTTPS"),
    ],
)
def test_what_does_not_fit_is_refused(load_project: LoadProject, group: str, word: str) -> None:
    assert any(word in line for line in said(load_project(project(group))))


@pytest.mark.parametrize(
    "action",
    [
        "target_groups: [{name: one}, {name: two}], target_group_stickiness_config: CONFIG",
        "forward_config: {target_groups: [{name: one}, {name: two}], target_group_stickiness_config: CONFIG}",
    ],
)
@pytest.mark.parametrize(
    ("config", "seconds"),
    [("{enabled: true, duration_seconds: 20}", 20), ("{enabled: false, duration_seconds: 20}", None)],
)
def test_stickiness_of_a_forward_arrives_in_either_form(
    load_project: LoadProject, action: str, config: str, seconds: int | None
) -> None:
    loaded = load_project(project(action=action.replace("CONFIG", config)))
    assert loaded.gateway is not None, said(loaded)
    made = loaded.gateway.load_balancers[0].listeners[0].rules[-1].action
    assert isinstance(made, Forward)
    assert made.stickiness == (timedelta(seconds=seconds) if seconds else None)


def test_amazon_asks_for_a_duration(load_project: LoadProject) -> None:
    action = "target_groups: [{name: one}], target_group_stickiness_config: {enabled: true}"
    assert any("duration_seconds must be said" in line for line in said(load_project(project(action=action))))


def test_an_applications_cookie_and_weights_do_not_go_together(load_project: LoadProject) -> None:
    group = "{stickiness: {enabled: true, type: app_cookie, cookie_name: SID}}"
    weighted = "target_groups: [{name: one}, {name: two}]"
    assert [line.split()[0] for line in said(load_project(project(group, weighted)))] == ["GL268"]
    alone = "target_groups: [{name: one}, {name: two, weight: 0}]"
    assert not said(load_project(project(group, alone)))
