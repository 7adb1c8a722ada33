"""What the script remembers: tables by the hash of their content, across requests and versions."""

from __future__ import annotations

from dataclasses import replace

from compile.gateways import DEV, ORIGIN, api, compiled, gateway, http_proxy, method
from dataplane.simulated_envoy import SimulatedEnvoy
from gateline.compile.resources import SCOPED_ROUTE, Resources
from gateline.dataplane import keys
from gateline.model.rest_api import Stage


def serving(*lines: str, uri: str = "http://b.test/", stages: tuple[Stage, ...] = (DEV,)) -> Resources:
    """An API with a method for each `VERB /path`, all with the same integration."""
    pairs = [line.split(" ", 1) for line in lines]
    methods = [method(verb, path, http_proxy(uri)) for verb, path in pairs]
    return compiled(gateway(api(*methods, stages=stages)))


def test_a_new_table_serves_from_the_next_request_on() -> None:
    envoy = SimulatedEnvoy(serving("GET /a"))
    assert envoy.request("GET", "/dev/b").verdict == "403 no_method"
    envoy.publish(serving("GET /a", "GET /b"))
    assert envoy.request("GET", "/dev/b").verdict == "orders/dev GET /b"
    envoy.publish(serving("GET /b"))
    assert envoy.request("GET", "/dev/a").verdict == "403 no_method"


def test_a_changed_mapping_of_an_unchanged_method_is_seen() -> None:
    envoy = SimulatedEnvoy(serving("GET /a", uri="http://b.test/one"))
    assert envoy.request("GET", "/dev/a").path == "/one"
    envoy.publish(serving("GET /a", uri="http://b.test/two"))
    assert envoy.request("GET", "/dev/a").path == "/two"
    envoy.publish(serving("GET /a", uri="http://b.test/one"))
    assert envoy.request("GET", "/dev/a").path == "/one"


def test_a_new_stage_and_a_removed_one_are_seen() -> None:
    prod = Stage(name="prod", origin=ORIGIN)
    envoy = SimulatedEnvoy(serving("GET /a"))
    assert envoy.request("GET", "/prod/a").verdict == "403 stage"
    envoy.publish(serving("GET /a", stages=(DEV, prod)))
    assert envoy.request("GET", "/prod/a").verdict == "orders/prod GET /a"
    envoy.publish(serving("GET /a"))
    assert envoy.request("GET", "/prod/a").verdict == "403 stage"


def test_hosts_are_judged_anew_when_the_entry_table_changes() -> None:
    envoy = SimulatedEnvoy(compiled(gateway(api(method("GET", "/a")))))
    assert envoy.request("GET", "/dev/a", host="gw.test").verdict == "403 host"
    envoy.publish(compiled(gateway(api(method("GET", "/a")), hosts=("gw.test",))))
    assert envoy.request("GET", "/dev/a", host="gw.test").sealed
    envoy.publish(compiled(gateway(api(method("GET", "/a")))))
    assert envoy.request("GET", "/dev/a", host="gw.test").verdict == "403 host"


def test_a_scope_that_is_on_its_way_is_forbidden_and_leads_nowhere() -> None:
    envoy = SimulatedEnvoy(serving("GET /a"))
    envoy.withdraw("orders/dev")
    outcome = envoy.request("GET", "/dev/a")
    assert outcome.verdict == "403 scope"
    assert not outcome.sealed


def test_a_stage_ahead_of_the_entry_table_serves_its_own_methods() -> None:
    envoy = SimulatedEnvoy(serving("GET /a"))
    assert envoy.request("GET", "/dev/a").sealed
    ahead = SimulatedEnvoy(_mixed(entry=serving("GET /a"), stages=serving("GET /b")))
    assert ahead.request("GET", "/dev/b").verdict == "orders/dev GET /b"
    assert ahead.request("GET", "/dev/a").verdict == "403 no_method"


def test_a_table_is_read_once() -> None:
    envoy = SimulatedEnvoy(serving("GET /a"), count=True)
    for _ in range(3):
        envoy.request("GET", "/dev/a")
    assert envoy.tables_read == 2  # the entry's and the stage's


def test_a_table_is_read_once_even_between_two_updates() -> None:
    envoy = SimulatedEnvoy(_mixed(entry=serving("GET /a"), stages=serving("GET /b")), count=True)
    for _ in range(3):
        envoy.request("GET", "/dev/b")
    assert envoy.tables_read == 2


def test_two_apis_of_one_path_are_told_apart() -> None:
    one = api(method("GET", "/a", http_proxy("http://one.test/1")), name="one")
    two = api(method("GET", "/a", http_proxy("http://two.test/2")), name="two")
    envoy = SimulatedEnvoy(compiled(gateway(one, two)))
    for _ in range(2):
        assert envoy.request("GET", "/dev/a", host="one.localhost").path == "/1"
        assert envoy.request("GET", "/dev/a", host="two.localhost").path == "/2"


def test_more_stages_than_are_remembered_are_all_served() -> None:
    stages = tuple(Stage(name=f"s{number}", origin=ORIGIN) for number in range(1100))
    envoy = SimulatedEnvoy(serving("GET /a", stages=stages))
    for number in (*range(1100), 0, 1099, 500):
        assert envoy.request("GET", f"/s{number}/a").verdict == f"orders/s{number} GET /a"


def _mixed(*, entry: Resources, stages: Resources) -> Resources:
    """The entry scope of one version with the stages of another, as between two messages."""
    scopes = dict(stages.by_type[SCOPED_ROUTE])
    scopes[keys.ENTRY_SCOPE] = entry.by_type[SCOPED_ROUTE][keys.ENTRY_SCOPE]
    return replace(stages, by_type={**stages.by_type, SCOPED_ROUTE: scopes})
