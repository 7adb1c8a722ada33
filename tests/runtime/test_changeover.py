"""What lies before Envoy while its workers change over: the host's way to backends comes first and goes last."""

from __future__ import annotations

from compile.gateways import api, compiled, gateway, http_proxy, method
from compile.test_egress import http
from gateline.compile.names import EGRESS, EGRESS_SCOPE
from gateline.compile.resources import CLUSTER, LISTENER, SCOPED_ROUTE, Resources
from gateline.model.integration import Integration
from gateline.runtime.changeover import lingering, prepared


def served(integration: Integration) -> Resources:
    """A gateway of one method."""
    return compiled(gateway(api(method("GET", "/a", integration))))


def egress(of: Resources) -> set[str]:
    return {name for name in of.by_type[SCOPED_ROUTE] if EGRESS_SCOPE in name}


PROXY = served(http_proxy("http://proxied.test/"))
ONE = served(http("http://one.test/"))
TWO = served(http("http://two.test/"))


def test_each_revision_has_an_egress_scope_of_its_own() -> None:
    assert len(egress(ONE) | egress(TWO)) == 2
    assert egress(served(http("http://one.test/"))) == egress(ONE)


def test_the_first_egress_comes_whole_before_what_needs_it_and_goes_after_it() -> None:
    both = prepared(PROXY, ONE)
    assert both.by_type[SCOPED_ROUTE]["orders/dev"] == PROXY.by_type[SCOPED_ROUTE]["orders/dev"]
    assert both.by_type[LISTENER].keys() == {"edge", EGRESS}
    assert {"http://proxied.test:80", "http://one.test:80"} <= both.by_type[CLUSTER].keys()
    assert {lookup.host for lookup in both.lookups} == {"proxied.test", "one.test"}
    assert lingering(PROXY, ONE) is ONE
    assert prepared(ONE, PROXY) is ONE
    gone = lingering(ONE, PROXY)
    assert gone.by_type[SCOPED_ROUTE]["orders/dev"] == PROXY.by_type[SCOPED_ROUTE]["orders/dev"]
    assert egress(gone) == egress(ONE)


def test_another_egress_stands_beside_the_one_that_goes() -> None:
    for both in (prepared(ONE, TWO), lingering(ONE, TWO)):
        assert egress(both) == egress(ONE) | egress(TWO)
        assert {"http://one.test:80", "http://two.test:80"} <= both.by_type[CLUSTER].keys()


def test_what_needs_nothing_new_is_left_alone() -> None:
    assert prepared(ONE, ONE) is ONE
    assert lingering(ONE, ONE) is ONE
    assert prepared(PROXY, PROXY) is PROXY
