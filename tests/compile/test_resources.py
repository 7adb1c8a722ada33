"""What the compiler's answer holds once, however often it is named."""

from __future__ import annotations

from compile.gateways import api, compiled, gateway, http_proxy, method, routes
from gateline.compile.resources import HostLookup
from gateline.model.origin import Origin


def test_many_routes_to_one_host_ask_for_its_address_once() -> None:
    resources = routes(*(f"GET /r{number}" for number in range(20)))
    assert len(resources.lookups) == 1


def test_two_places_that_name_a_host_ask_the_same_question() -> None:
    asked = [
        HostLookup(cluster="c", host="h", port=80, origin=Origin("api.yaml", ("paths", path)))
        for path in ("/a", "/b")
    ]
    assert asked[0] == asked[1]


def test_two_hosts_are_two_questions() -> None:
    served = api(
        method("GET", "/a", http_proxy("http://one.test/")),
        method("GET", "/b", http_proxy("http://two.test/")),
    )
    assert [lookup.host for lookup in compiled(gateway(served)).lookups] == ["one.test", "two.test"]
