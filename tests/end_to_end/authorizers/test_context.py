"""What the authorizer says of a caller reaches the backend, as text, and in place of what the caller says."""

from __future__ import annotations

import json

import pytest

from harness.guarded_gateway import Guarded, allow, bearer

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers")]

MAPPED = (b"x-user", b"x-tier", b"x-number", b"x-fraction", b"x-yes", b"x-no", b"x-missing")


def test_principal_and_context_reach_the_backend_as_text(guarded: Guarded) -> None:
    context = {"tier": "gold", "number": 7, "fraction": 1.5, "yes": True, "no": False, "unmapped": "x"}
    line = bearer(allow("*"), principal="user|7", context=context)
    for _ in range(2):  # as the function says it, and as it is remembered
        guarded.backend.clear()
        received = guarded.reaches(b"GET", b"/prod/mapped/1", line)
        values = [received.all(name) for name in MAPPED]
        assert values == [[b"user|7"], [b"gold"], [b"7"], [b"1.5"], [b"true"], [b"false"], []]
        path, _, query = received.target.partition(b"?")
        assert path == b"/mapped/user%7C7/of/gold"
        assert sorted(query.split(b"&")) == [b"user=user%7C7", b"yes=true"]
        assert b"unmapped" not in received.raw
    assert len(guarded.calls()) == 1


def test_what_the_client_says_about_itself_is_replaced_or_removed(guarded: Guarded) -> None:
    line = bearer(allow("*"), principal="alice", context={"tier": "t"})
    forged = [name + b": evil" for name in MAPPED] + [b"X-User: evil"]
    received = guarded.reaches(
        b"GET", b"/prod/mapped/1?user=evil&yes=evil&%75ser=evil&other=1", line, *forged
    )
    assert received.all(b"x-user") == [b"alice"]
    assert received.all(b"x-tier") == [b"t"]
    assert b"evil" not in received.raw.replace(b"yes=evil", b"")


@pytest.mark.parametrize(
    ("principal", "segment"),
    [
        ("a/b", b"a%2Fb"),
        ("a?role=admin#x", b"a%3Frole%3Dadmin%23x"),
        ("a b&c", b"a%20b%26c"),
        ("müller", b"m%C3%BCller"),
        ("100%", b"100%25"),
    ],
)
def test_a_principal_stays_in_its_place_in_path_and_query(
    guarded: Guarded, principal: str, segment: bytes
) -> None:
    line = bearer(allow("*"), principal=principal, context={"tier": "t"})
    received = guarded.reaches(b"GET", b"/prod/mapped/1", line)
    path, _, query = received.target.partition(b"?")
    assert path.lower() == (b"/mapped/" + segment + b"/of/t").lower()
    assert query.count(b"=") == 1
    assert received.all(b"x-user") == [principal.encode()]


@pytest.mark.parametrize("principal", ["..", "../admin", "a/../..", "."])
def test_a_principal_that_would_lead_to_another_path_is_refused(guarded: Guarded, principal: str) -> None:
    line = bearer(allow("*"), principal=principal, context={"tier": "t"})
    assert guarded.status(b"/prod/mapped/1", line) == 400
    assert guarded.seen() == []


def test_a_context_cannot_speak_for_the_principal(guarded: Guarded) -> None:
    line = bearer(
        allow("*"), principal="alice", context={"principalId": "evil", "integrationLatency": "x", "tier": "t"}
    )
    for _ in range(2):
        guarded.clear()
        assert guarded.reaches(b"GET", b"/prod/mapped/1", line).all(b"x-user") == [b"alice"]
        answer = guarded.send(b"GET", b"/prod/guarded", line, host=b"proxied.localhost")
        said = json.loads(answer.body)["requestContext"]["authorizer"]
        assert (said["principalId"], said["tier"], type(said["integrationLatency"])) == ("alice", "t", int)


def test_a_context_just_below_the_limit_reaches_the_backend_whole(guarded: Guarded) -> None:
    line = bearer(allow("*"), principal="alice", context={"tier": "x" * 8_000})
    for _ in range(2):
        guarded.backend.clear()
        assert guarded.reaches(b"GET", b"/prod/mapped/1", line).all(b"x-tier") == [b"x" * 8_000]
    assert len(guarded.calls()) == 1


def test_a_context_of_one_caller_is_never_anothers(guarded: Guarded) -> None:
    lines = [
        bearer(allow("*"), principal=name, context={"tier": name * 2}) for name in ("alice", "bob", "carol")
    ]
    for _ in range(3):
        for line in lines:
            assert guarded.status(b"/prod/mapped/1", line) == 200
    seen = [(each.all(b"x-user"), each.all(b"x-tier")) for each in guarded.seen()]
    assert seen == [([n], [n * 2]) for n in (b"alice", b"bob", b"carol")] * 3
    assert len(guarded.calls()) == 3
