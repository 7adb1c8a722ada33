"""The front door: a project is compiled whole or not at all, and always to the same bytes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from compile.gateways import api, compiled, gateway, http_proxy, keyring, literal, mapping, method
from gateline.compile import Memory, compile_gateway
from gateline.compile.resources import CLUSTER, ENDPOINT, LISTENER, SCOPED_ROUTE, SECRET, TYPES, Resources
from gateline.model.integration import LiteralSource
from gateline.model.rest_api import Method
from gateline.model.secret import SecretRef

METHODS = [method("GET", f"/r{number}", http_proxy(f"http://b{number % 3}.test/")) for number in range(6)]


def as_bytes(resources: Resources) -> dict[tuple[str, str], bytes]:
    """Every resource on the wire."""
    return {
        (type_url, name): message.SerializeToString(deterministic=True)
        for type_url, messages in resources.by_type.items()
        for name, message in messages.items()
    }


def test_an_empty_project_has_an_entry_and_a_listener() -> None:
    resources = compiled(gateway())
    assert set(resources.by_type[SCOPED_ROUTE]) == {"@entry"}
    assert set(resources.by_type[LISTENER]) == {"edge"}


def test_every_type_is_there_even_when_it_is_empty() -> None:
    assert set(compiled(gateway(api())).by_type) == set(TYPES)
    assert compiled(gateway(api())).by_type[ENDPOINT] == {}


def test_the_same_project_is_the_same_bytes() -> None:
    assert as_bytes(compiled(gateway(api(*METHODS)))) == as_bytes(compiled(gateway(api(*METHODS))))


@settings(max_examples=30, deadline=None)
@given(st.permutations(METHODS))
def test_the_order_of_methods_changes_no_cluster_and_no_route(methods: list[Method]) -> None:
    first, second = compiled(gateway(api(*METHODS))), compiled(gateway(api(*methods)))
    for type_url in (CLUSTER, LISTENER, SECRET):
        assert first.by_type[type_url] == second.by_type[type_url]
    assert {row.route for row in first.routes} == {row.route for row in second.routes}


def test_trust_is_asked_for_only_where_something_is_verified() -> None:
    def names(uri: str, **fields: object) -> set[str]:
        served = method("GET", "/a", http_proxy(uri, **fields))  # type: ignore[arg-type]
        return set(compiled(gateway(api(served))).by_type[SECRET])

    assert names("http://b.test/") == set()
    assert names("https://b.test/") == {"trust/system"}
    assert names("https://b.test/", insecure_skip_verification=True) == set()


def test_errors_leave_no_resources_and_the_whole_report() -> None:
    bad = [method("GET", f"/{n}", http_proxy("http://169.254.169.254/")) for n in range(3)]
    result = compile_gateway(gateway(api(*bad)), keyring())
    assert result.resources is None
    assert result.report.error_count == 3


def test_a_header_that_carries_a_secret_anywhere_is_a_secret_everywhere() -> None:
    served = api(
        method(
            "GET",
            "/a",
            http_proxy("http://b.test/", mapping("header.X-One", LiteralSource((SecretRef("s"),)))),
        ),
        method("GET", "/b", http_proxy("http://b.test/", mapping("header.x-one", literal("open")))),
        method("GET", "/c", http_proxy("http://b.test/", mapping("header.X-Two", literal("open")))),
    )
    cleaned = Memory().cleaned_headers(gateway(served, secrets=("s",)))
    assert cleaned.secrets == {"x-one"}
    assert cleaned.injected == {"x-two"}
