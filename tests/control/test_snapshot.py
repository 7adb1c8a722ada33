from __future__ import annotations

from hashlib import blake2b, sha256

import pytest

from gateline.compile.resources import CLUSTER, ENDPOINT, SCOPED_ROUTE, SECRET, TYPES
from gateline.control.snapshot import Snapshot, kind_of, nothing
from gateline.errors import SnapshotInconsistent

from .conftest import Pieces


def test_equal_resources_have_equal_versions_in_whichever_order(pieces: Pieces) -> None:
    one = pieces.snapshot(
        pieces.cluster("a"), pieces.endpoints("a", 1), pieces.cluster("b"), pieces.endpoints("b", 2)
    )
    other = pieces.snapshot(
        pieces.endpoints("b", 2), pieces.cluster("b"), pieces.endpoints("a", 1), pieces.cluster("a")
    )
    assert one.version == other.version
    assert one.type_versions == other.type_versions


def test_a_changed_resource_has_another_version_and_no_other_has(pieces: Pieces) -> None:
    before = pieces.snapshot(pieces.cluster("a"), pieces.endpoints("a", 1), pieces.endpoints("b", 1))
    after = pieces.snapshot(pieces.cluster("a"), pieces.endpoints("a", 2), pieces.endpoints("b", 1))
    assert before.version != after.version
    changed = {
        (type_url, name)
        for type_url in TYPES
        for name, version in after.versions[type_url].items()
        if before.versions[type_url][name] != version
    }
    assert changed == {(ENDPOINT, "a")}
    assert [t for t in TYPES if before.type_versions[t] != after.type_versions[t]] == [ENDPOINT]


def test_the_same_message_object_is_not_read_again(pieces: Pieces) -> None:
    kept, endpoints = pieces.cluster("a"), pieces.endpoints("a", 1)
    before = pieces.snapshot(kept, endpoints)
    after = pieces.snapshot(kept, pieces.endpoints("a", 1), previous=before)
    assert after.by_type[CLUSTER]["a"] is before.by_type[CLUSTER]["a"]
    assert after.by_type[ENDPOINT]["a"] is not before.by_type[ENDPOINT]["a"]
    assert after.version == before.version


def test_a_secrets_version_is_no_plain_hash_of_it(pieces: Pieces) -> None:
    message = pieces.secret("s", "hunter2")
    version = pieces.snapshot(message).versions[SECRET]["s"]
    encoded = message.SerializeToString(deterministic=True)
    guesses = {blake2b(text, digest_size=16).hexdigest() for text in (encoded, b"hunter2")}
    guesses |= {sha256(text).hexdigest()[:32] for text in (encoded, b"hunter2")}
    assert version not in guesses


def test_without_the_key_nobody_can_compute_a_secrets_version(pieces: Pieces) -> None:
    resources = pieces.resources(pieces.secret("s", "hunter2"), pieces.cluster("c"), pieces.endpoints("c", 1))
    one, other = Snapshot.of(resources), Snapshot.of(resources)
    assert one.versions[SECRET] != other.versions[SECRET]
    assert one.versions[CLUSTER] == other.versions[CLUSTER]


def test_an_equal_secret_keeps_its_version_from_one_snapshot_to_the_next(pieces: Pieces) -> None:
    before = Snapshot.of(pieces.resources(pieces.secret("s", "hunter2")))
    same = Snapshot.of(pieces.resources(pieces.secret("s", "hunter2")), previous=before)
    rotated = Snapshot.of(pieces.resources(pieces.secret("s", "hunter3")), previous=before)
    assert same.version == before.version
    assert rotated.version != before.version


def test_another_key_gives_a_secret_another_version(pieces: Pieces) -> None:
    message = pieces.secret("s")
    before = Snapshot.of(pieces.resources(message), key=b"one")
    after = Snapshot.of(pieces.resources(message), previous=before, key=b"other")
    assert before.versions[SECRET] != after.versions[SECRET]


def test_a_printed_snapshot_shows_neither_secrets_nor_key(pieces: Pieces) -> None:
    snapshot = pieces.snapshot(pieces.secret("s", "hunter2"))
    printed = repr(snapshot) + repr(snapshot.by_type[SECRET]["s"])
    assert snapshot.version in printed
    assert "hunter2" not in printed
    assert "of the tests" not in printed


def test_a_route_to_a_cluster_that_does_not_exist_makes_no_snapshot(pieces: Pieces) -> None:
    with pytest.raises(SnapshotInconsistent) as caught:
        pieces.snapshot(pieces.scope("a", pieces.route("gone"), pieces.route("lost")))
    assert caught.value.missing == (
        "scoped routes 'a' names cluster 'gone'",
        "scoped routes 'a' names cluster 'lost'",
    )


def test_a_cluster_of_the_bootstrap_may_be_named(pieces: Pieces) -> None:
    resources = pieces.resources(pieces.scope("a", pieces.route("host")))
    assert Snapshot.of(resources, standing_clusters=frozenset({"host"})).versions[SCOPED_ROUTE].keys() == {
        "a"
    }


def test_a_cluster_without_its_assignment_makes_no_snapshot(pieces: Pieces) -> None:
    with pytest.raises(SnapshotInconsistent) as caught:
        pieces.snapshot(pieces.cluster("c"))
    assert caught.value.missing == ("cluster 'c' names the endpoints of 'c'",)


def test_a_secret_that_does_not_exist_makes_no_snapshot(pieces: Pieces) -> None:
    with pytest.raises(SnapshotInconsistent) as caught:
        pieces.snapshot(pieces.keeper("s1", "s2"), pieces.secret("s1"))
    assert caught.value.missing == ("cluster 'keeper' names secret 's2'",)
    assert "cluster 'keeper' names secret 's2'" in str(caught.value)


def test_a_snapshot_knows_what_an_envoy_will_ask_for(pieces: Pieces) -> None:
    snapshot = pieces.snapshot(
        pieces.listener(),
        pieces.scope("a", pieces.route("c", secret="s")),
        pieces.cluster("c"),
        pieces.endpoints("c", 1),
        pieces.secret("s"),
    )
    assert snapshot.references.secrets == {"s"}
    assert snapshot.references.scoped_routes
    assert snapshot.named_by[CLUSTER].assignments == {"c"}
    assert snapshot.named_by[CLUSTER].secrets == set()


def test_only_endpoints_may_differ_to_differ_only_in_endpoints(pieces: Pieces) -> None:
    before = pieces.snapshot(pieces.cluster("c"), pieces.endpoints("c", 1))
    moved = pieces.snapshot(pieces.cluster("c"), pieces.endpoints("c", 2))
    changed = pieces.snapshot(pieces.cluster("c", seconds=6), pieces.endpoints("c", 2))
    assert moved.differs_only_in_endpoints(before)
    assert not changed.differs_only_in_endpoints(before)


def test_nothing_is_empty_and_something_is_not(pieces: Pieces) -> None:
    assert nothing().empty
    assert not pieces.snapshot(pieces.secret("s")).empty


def test_types_have_names_for_people() -> None:
    assert kind_of(SCOPED_ROUTE) == "scoped routes"
    assert kind_of("type.googleapis.com/envoy.Other") == "envoy.Other"
