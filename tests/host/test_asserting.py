from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from gateline.dataplane.netstring import NetstringInvalid, NetstringWriter, split
from gateline.host.asserting import MOST_BINDINGS, AssertCaller, AssertRequest, NotBound
from gateline.host.assertions import SENT_MS, Assertions, NotSigned
from gateline.host.directory import Directory
from gateline.host.turns import LARGE, Turns
from gateline.model.assertion import Binding
from gateline.model.hosting import HostConfiguration
from gateline_guard.rs256 import encoded
from host.questions import configuration
from host.signing import claims_of, signing

NOW = 1_700_000_000_000
BOUND = signing(binding=Binding.REQUEST)
UNZIPPED = signing(binding=Binding.REQUEST, decompresses=True)


def question(*values: str) -> bytes:
    writer = NetstringWriter()
    writer.put(*values)
    return writer.data


def described(scope: str = "shop/prod", revision: str = "rev1", path: str = "/a?b=1") -> bytes:
    """A PUT of ann's, as it goes to the backend."""
    writer = NetstringWriter()
    writer.put(scope, revision, "request-1", "192.0.2.7", "PUT", path, "ann")
    writer.put_pairs([("tier", "gold"), ("tier", "silver")])
    return writer.data


async def of(given: HostConfiguration) -> Assertions:
    made = Assertions(now=lambda: NOW)
    await made.configure(given)
    return made


def asserted(given: HostConfiguration, *values: str) -> list[str]:
    """The reply to `/assert`."""

    async def ask() -> bytes:
        found = Directory(given)
        return await AssertCaller(lambda: found, await of(given))(question(*values))

    return [value.decode() for value in split(asyncio.run(ask()))]


def bound(
    given: HostConfiguration,
    body: bytes = b"",
    call: bytes = described(),
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> list[str]:
    """The reply to `/bind`."""

    async def ask() -> bytes:
        turns = Turns()
        try:
            found = Directory(given)
            asking = AssertRequest(lambda: found, await of(given), turns)
            with asking.place(call) as request:
                return await asking(request, tuple(headers), body)
        finally:
            turns.close()

    return [value.decode() for value in split(asyncio.run(ask()))]


def test_a_stage_without_an_authorizer_gets_a_token_of_nobody() -> None:
    token, until, audience = asserted(signing(), "shop/prod", "rev1")
    said = claims_of(token)
    assert (said["sub"], said["ctx"], said["scope"], "req" in said) == ("", {}, "shop/prod", False)
    assert (until, audience) == (str(NOW + SENT_MS), "orders")


def test_a_revision_that_is_not_known_any_more_is_the_newest() -> None:
    assert len(asserted(signing(), "shop/prod", "long ago")) == 3


def test_a_stage_without_assertions_gets_none() -> None:
    assert asserted(signing(), "shop/other", "rev1") == ["unsigned"]
    assert asserted(configuration(), "shop/prod", "rev1") == ["unsigned"]


@pytest.mark.parametrize("values", [(), ("shop/prod",), ("shop/prod", "rev1", "more")])
def test_what_is_no_question_is_refused(values: tuple[str, ...]) -> None:
    with pytest.raises(NetstringInvalid):
        asserted(signing(), *values)


@pytest.mark.parametrize("body", [b"", b"body", b"x" * (LARGE + 1)])
def test_a_request_is_bound_with_its_body(body: bytes) -> None:
    token, _, audience = bound(BOUND, body)
    said = claims_of(token)
    assert said["req"] == {
        "m": "PUT", "p": "/a?b=1", "b": encoded(hashlib.sha256(body).digest()).decode(), "id": "request-1",
    }  # fmt: skip
    assert (said["sub"], audience) == ("ann", "orders")


def test_of_a_name_that_comes_twice_the_last_one_counts_as_for_mappings() -> None:
    assert claims_of(bound(BOUND)[0])["ctx"] == {"tier": "silver"}


def test_a_compressed_body_is_bound_as_the_backend_gets_it() -> None:
    packed, headers = gzip.compress(b"body"), [(b"Content-Encoding", b"gzip")]
    plain = claims_of(bound(BOUND, b"body")[0])["req"]["b"]
    assert claims_of(bound(UNZIPPED, packed, headers=headers)[0])["req"]["b"] == plain
    assert claims_of(bound(BOUND, packed, headers=headers)[0])["req"]["b"] != plain
    assert bound(UNZIPPED, b"body", headers=headers) == ["undecodable"]


@pytest.mark.parametrize(
    ("given", "call"),
    [
        (BOUND, b""),
        (BOUND, b"nonsense"),
        (BOUND, described() + b"1:x"),
        (BOUND, described(scope="shop/other")),
        (signing(), described()),
        (configuration(), described()),
    ],
)
def test_nothing_is_bound_where_the_stage_does_not_say_so(given: HostConfiguration, call: bytes) -> None:
    with pytest.raises(NotBound):
        bound(given, call=call)


def test_without_a_key_nothing_is_bound() -> None:
    found = Directory(BOUND)

    async def ask() -> None:
        asking = AssertRequest(lambda: found, await of(configuration()), Turns())
        with asking.place(described()) as request:
            await asking(request, (), b"")

    with pytest.raises(NotSigned):
        asyncio.run(ask())


def test_one_source_cannot_take_all_places() -> None:
    found = Directory(BOUND)
    asking = AssertRequest(lambda: found, Assertions(), Turns())
    with ExitStack() as held:
        for _ in range(MOST_BINDINGS // 2):
            held.enter_context(asking.place(described()))
        with pytest.raises(NotBound):
            held.enter_context(asking.place(described()))
    with asking.place(described()):
        pass
