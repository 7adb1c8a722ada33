"""Secrets: values that cannot be printed by accident, and the references that definitions hold to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from gateline.model.origin import Origin


class Secret:
    """Bytes that no `repr`, `str`, format or golden file shows. Call `reveal` where they are put on the wire."""

    __slots__ = ("_accepted", "_name", "_value")

    def __init__(self, name: str, value: bytes, accepted: tuple[bytes, ...] = ()) -> None:
        self._name = name
        self._value = value
        self._accepted = accepted or (value,)

    @property
    def name(self) -> str:
        """The secret's name in the project file."""
        return self._name

    def reveal(self) -> bytes:
        """The value itself: only for the resource that carries it to Envoy."""
        return self._value

    def reveal_accepted(self) -> tuple[bytes, ...]:
        """All values that services must accept now, the one that is sent first: two while it is rotated.

        Only for what services are given.
        """
        return self._accepted

    def __repr__(self) -> str:
        return f"Secret({self._name!r}, <redacted>)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    @property
    def _content(self) -> tuple[str, bytes, tuple[bytes, ...]]:
        return self._name, self._value, self._accepted


class SecretSourceKind(StrEnum):
    """Where a secret's value comes from."""

    ENV = "env"
    FILE = "file"
    GENERATE = "generate"
    AWS = "aws"  # AWS Secrets Manager; the place is an ARN


class Acceptance(StrEnum):
    """How it is seen that a service's task accepts a new value, before the gateway sends it."""

    GUARD = "guard"  # gateline-guard answers a probe
    PROBE = "probe"  # a path of the service does: by 2xx, or by 401 and 403
    RESTART = "restart"  # all tasks were replaced by some that were started with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """How a secret is rotated. `every` None: only when it is asked for.

    `accepted_by` None: by the guard where it is sent in a header, else by a restart.
    """

    every: timedelta | None = None
    accepted_by: Acceptance | None = None
    probe_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """A named secret of the project file and where its value is to be read."""

    name: str
    kind: SecretSourceKind
    place: str  # the variable's name, the file's path, the ARN, or "" when generated
    rotation: Rotation = Rotation()
    origin: Origin


@dataclass(frozen=True, slots=True)
class SecretRef:
    """`${NAME}` inside a literal of a header mapping."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate chain (PEM) with its private key."""

    name: str
    chain: bytes
    private_key: Secret
