"""The secret header: values that are accepted, and the comparison."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Callable

from gateline_guard.watched_file import WatchedFile

Accepted = Callable[[], tuple[bytes, ...]]
"""Gives the values accepted now."""


def from_file(path: str | Path) -> Accepted:
    """The values of a file, one a line, read again when it changes; none while it is empty or gone.

    Raises OSError without the file and ValueError without a value in it.
    """
    return WatchedFile[tuple[bytes, ...]](path, _lines, nothing=()).value


def from_values(values: str | Sequence[str]) -> Accepted:
    """Values given by the program itself. Raises ValueError without one, or with an empty one."""
    given = [values] if isinstance(values, str) else list(values)
    accepted = tuple(
        value.strip().encode("utf-8", "surrogateescape") for value in given
    )  # as `os.environ` decodes
    if not accepted or b"" in accepted:
        raise ValueError("a secret is empty")
    return lambda: accepted


def from_environment(name: str, environ: Mapping[str, str] | None = None) -> Accepted:
    """The variable, and `{name}_PREVIOUS` while there are two values. Raises ValueError without the first."""
    variables = os.environ if environ is None else environ
    current, previous = variables.get(name, "").strip(), variables.get(f"{name}_PREVIOUS", "").strip()
    if not current:
        raise ValueError(f"the environment has no {name}")
    return from_values([current, previous] if previous else [current])


def is_accepted(sent: bytes | None, prefix: bytes, accepted: tuple[bytes, ...]) -> bool:
    """Whether what was sent is the prefix and one of the values.

    The time it takes says neither which of them, nor how much of one, nor how long one is: digests of equal
    length are compared, and always all of them.
    """
    digest = hashlib.sha256(sent or b"").digest()
    found = False
    for value in accepted:
        found |= hmac.compare_digest(digest, hashlib.sha256(prefix + value).digest())
    return found


def _lines(content: bytes) -> tuple[bytes, ...]:
    values = tuple(line.strip() for line in content.splitlines() if line.strip())
    if not values:
        raise ValueError("the file of accepted secrets has no value")
    return values
