"""Snapshot: resources with their versions. It is consistent, or it does not exist.

A version is a hash of content (docs/decisions/0005-content-hash-versions.md): the same definition has the
same version after a restart and for every Envoy, and what has an equal version is not sent. Secrets are the
exception: whoever reads a version must not be able to try guesses against it, so theirs is hashed under a
key that does not leave this process (DESIGN D8).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final

from google.protobuf.message import Message

from gateline.compile import wire
from gateline.compile.resources import CLUSTER, ENDPOINT, LISTENER, SCOPED_ROUTE, SECRET, TYPES, Resources
from gateline.control.reference import References, merged, references
from gateline.errors import SnapshotInconsistent
from gateline.model.origin import Origin

_DIGEST_SIZE: Final = 16
_KEY_SIZE: Final = 32


@dataclass(frozen=True, slots=True, eq=False)
class Versioned:
    """A resource with its version and what it names. Never prints its content: it may be a secret."""

    name: str
    version: str
    message: Message = field(repr=False)
    encoded: bytes = field(repr=False)
    references: References = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """Everything an Envoy is told, by type and name, each with a version. Made by `Snapshot.of` only."""

    by_type: Mapping[str, Mapping[str, Versioned]] = field(repr=False)
    versions: Mapping[str, Mapping[str, str]] = field(repr=False)
    type_versions: Mapping[str, str] = field(repr=False)
    version: str
    origins: Mapping[str, Origin] = field(repr=False)
    key: bytes = field(repr=False)

    @staticmethod
    def of(
        resources: Resources,
        *,
        previous: Snapshot | None = None,
        key: bytes | None = None,
        standing_clusters: frozenset[str] = frozenset(),
    ) -> Snapshot:
        """Give resources their versions and check that they fit together.

        The messages belong to the snapshot from now on: whoever changes one in place changes what is served
        under a version that says otherwise.

        Args:
            resources: what the compiler made, with the endpoints of looked-up hosts put in.
            previous: the snapshot before. A message that is the same object keeps its version without being
                serialised again, and an equal secret keeps its version.
            key: what secrets are hashed under; by default the previous snapshot's, or a random one.
            standing_clusters: clusters of the bootstrap, which routes may name.

        Raises:
            SnapshotInconsistent: a resource names one that does not exist.

        """
        chosen = key or (previous.key if previous else secrets.token_bytes(_KEY_SIZE))
        reusable = previous.by_type if previous and previous.key == chosen else {}
        by_type = {
            type_url: MappingProxyType(
                _versioned(resources.by_type.get(type_url, {}), reusable.get(type_url, {}), type_url, chosen)
            )
            for type_url in TYPES
        }
        _check(by_type, standing_clusters)
        versions = {
            type_url: MappingProxyType({each.name: each.version for each in held.values()})
            for type_url, held in by_type.items()
        }
        type_versions = {type_url: _summary(held) for type_url, held in versions.items()}
        return Snapshot(
            by_type=MappingProxyType(by_type),
            versions=MappingProxyType(versions),
            type_versions=MappingProxyType(type_versions),
            version=_summary(type_versions),
            origins=resources.origins,
            key=chosen,
        )

    @cached_property
    def named_by(self) -> Mapping[str, References]:
        """What the resources of each type name together."""
        return {
            type_url: merged(each.references for each in held.values())
            for type_url, held in self.by_type.items()
        }

    @cached_property
    def references(self) -> References:
        """What all resources name together: what an Envoy that holds this snapshot has asked for."""
        return merged(self.named_by.values())

    @cached_property
    def checking_seconds(self) -> float:
        """How long a target may leave the first health check open while its cluster warms."""
        return max(
            (
                check.timeout.ToTimedelta().total_seconds()
                for cluster in self.by_type[CLUSTER].values()
                for check in _health_checks(cluster.message)
            ),
            default=0.0,
        )

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it."""
        return not any(self.by_type.values())

    def differs_only_in_endpoints(self, other: Snapshot) -> bool:
        """Whether all but the load assignments is equal."""
        return all(
            self.type_versions[type_url] == other.type_versions[type_url]
            for type_url in TYPES
            if type_url != ENDPOINT
        )


def nothing() -> Snapshot:
    """The empty snapshot: what an Envoy falls back to that never accepted one."""
    return Snapshot.of(Resources(by_type={}, origins={}))


def _health_checks(cluster: Any) -> Iterable[Any]:  # noqa: ANN401 - a generated message's fields are not known
    checks: Iterable[Any] = cluster.health_checks
    return checks


def _versioned(
    messages: Mapping[str, Message], reusable: Mapping[str, Versioned], type_url: str, key: bytes
) -> dict[str, Versioned]:
    return {
        name: known
        if (known := reusable.get(name)) is not None and known.message is message
        else _hashed(name, message, key if type_url == SECRET else b"")
        for name, message in messages.items()
    }


def _hashed(name: str, message: Message, key: bytes) -> Versioned:
    encoded = message.SerializeToString(deterministic=True)
    version = blake2b(encoded, digest_size=_DIGEST_SIZE, key=key).hexdigest()
    return Versioned(name, version, message, encoded, references(message))


def _summary(versions: Mapping[str, str]) -> str:
    """One version for many: the order in which they were made does not matter."""
    digest = blake2b(digest_size=_DIGEST_SIZE)
    for name in sorted(versions):
        digest.update(f"{len(name)}:{name}={versions[name]};".encode())
    return digest.hexdigest()


def _check(by_type: Mapping[str, Mapping[str, Versioned]], standing_clusters: frozenset[str]) -> None:
    clusters = by_type[CLUSTER].keys() | standing_clusters
    missing = [
        f"{_KINDS[type_url]} {each.name!r} names {kind} {name!r}"
        for type_url, held in by_type.items()
        for each in held.values()
        for kind, wanted, present in (
            ("cluster", each.references.clusters, clusters),
            ("secret", each.references.secrets, by_type[SECRET].keys()),
            ("the endpoints of", each.references.assignments, by_type[ENDPOINT].keys()),
        )
        for name in sorted(wanted - present)
    ]
    if missing:
        raise SnapshotInconsistent(tuple(missing))


_KINDS: Final[Mapping[str, str]] = {
    SECRET: "secret",
    CLUSTER: "cluster",
    ENDPOINT: "endpoints of",
    SCOPED_ROUTE: "scoped routes",
    LISTENER: "listener",
}


def kind_of(type_url: str) -> str:
    """A type in words for people: `scoped routes`."""
    return _KINDS.get(type_url, type_url.removeprefix(wire.TYPE_URL_PREFIX))
