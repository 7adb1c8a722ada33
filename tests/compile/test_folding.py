"""What is left of a balancer's rules when part of the request is known."""

from __future__ import annotations

from gateline.compile.folding import (
    Fixed,
    FromClient,
    HeaderKnowledge,
    KnownRequest,
    fold,
    plain_text_for_secret,
)
from gateline.model.load_balancer import (
    Condition,
    FixedResponse,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    Listener,
    ListenerProtocol,
    PathPattern,
    QueryString,
    Rule,
    SourceIp,
)
from gateline.model.origin import Origin
from gateline.model.secret import SecretRef

NOWHERE = Origin("")
SECRET = SecretRef("Proof")


def _rule(priority: int | None, *conditions: Condition) -> Rule:
    return Rule(
        priority=priority, conditions=conditions, action=FixedResponse(status_code=200), origin=NOWHERE
    )


def _listener(*rules: Rule) -> Listener:
    return Listener(protocol=ListenerProtocol.HTTP, port=80, rules=(*rules, _rule(None)), origin=NOWHERE)


def _request(
    *,
    host: str | None = "internal.storefront",
    verb: str | None = "GET",
    path: tuple[str | None, ...] = ("/orders",),
    headers: dict[str, HeaderKnowledge] | None = None,
) -> KnownRequest:
    return KnownRequest(
        host=host, verb=verb, path=path, header=lambda name: (headers or {}).get(name, FromClient())
    )


def _left(listener: Listener, request: KnownRequest) -> list[tuple[int | None, tuple[Condition, ...]]]:
    return [(each.rule.priority, each.conditions) for each in fold(listener, request)]


def test_the_first_rule_that_always_applies_ends_the_list() -> None:
    listener = _listener(_rule(1, PathPattern(("/users*",))), _rule(2, PathPattern(("/orders*",))), _rule(3))
    assert _left(listener, _request()) == [(2, ())]


def test_what_only_the_request_knows_stays_open_with_the_values_that_may_fit() -> None:
    listener = _listener(
        _rule(1, PathPattern(("/orders/a*", "/users*"))), _rule(2, HttpRequestMethod(("POST",)))
    )
    request = _request(path=("/orders/", None), verb=None)
    assert _left(listener, request) == [
        (1, (PathPattern(("/orders/a*",)),)),
        (2, (HttpRequestMethod(("POST",)),)),
        (None, ()),
    ]


def test_the_host_counts_without_letter_case() -> None:
    listener = _listener(_rule(1, HostHeader(("*.Storefront",))))
    assert _left(listener, _request()) == [(1, ())]
    assert _left(listener, _request(host="other.example")) == [(None, ())]
    assert _left(listener, _request(host=None)) == [(1, (HostHeader(("*.Storefront",)),)), (None, ())]


def test_no_expression_fits_an_address_with_colons() -> None:
    listener = _listener(_rule(1, HostHeader((), (".*",))))
    assert _left(listener, _request(host="[::1]")) == [(None, ())]
    assert _left(listener, _request(host="a.test")) == [(1, ())]


def test_the_peer_of_a_balancer_is_the_gateway() -> None:
    listener = _listener(_rule(1, SourceIp(("10.0.0.0/8",))), _rule(2, SourceIp(("::1/128", "127.0.0.0/8"))))
    assert _left(listener, _request()) == [(2, ())]


def test_a_clients_query_is_never_known() -> None:
    condition = QueryString(((None, "x"),))
    assert _left(_listener(_rule(1, condition)), _request()) == [(1, (condition,)), (None, ())]


def test_a_secret_is_compared_by_its_name() -> None:
    listener = _listener(_rule(1, HttpHeader("X-Proof", (SECRET,))))
    assert _left(listener, _request(headers={"x-proof": Fixed((SECRET,))})) == [(1, ())]
    for other in (
        Fixed((SecretRef("Other"),)),
        Fixed(("x", SECRET)),
        Fixed(()),
        Fixed(("Proof",)),
        FromClient(),
    ):
        assert _left(listener, _request(headers={"x-proof": other})) == [(None, ())]


def test_plain_text_never_equals_a_secret_and_that_is_told() -> None:
    listener = _listener(_rule(1, HttpHeader("X-Proof", ("*",))))
    request = _request(headers={"x-proof": Fixed((SECRET,))})
    assert _left(listener, request) == [(None, ())]
    assert plain_text_for_secret(listener, request) == ((listener.rules[0], "X-Proof"),)
    assert plain_text_for_secret(listener, _request()) == ()


def test_a_header_that_the_gateway_writes_is_known_without_letter_case() -> None:
    listener = _listener(_rule(1, HttpHeader("X-Tier", ("GOLD*",))))
    assert _left(listener, _request(headers={"x-tier": Fixed(("gold-2",))})) == [(1, ())]
    assert _left(listener, _request(headers={"x-tier": Fixed(())})) == [(None, ())]


def test_a_headers_default_is_judged_apart_from_what_a_client_sends() -> None:
    condition = HttpHeader("User-Agent", ("Amazon*",))
    found = fold(
        _listener(_rule(1, condition)), _request(headers={"user-agent": FromClient("AmazonAPIGateway_a")})
    )
    assert [(each.rule.priority, each.conditions, each.absent) for each in found] == [
        (1, (condition,), ()),
        (1, (), ("user-agent",)),
        (None, (), ()),
    ]
