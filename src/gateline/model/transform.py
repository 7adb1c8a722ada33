"""Transforms: what of a request a rule rewrites before it is forwarded (load-balancers.md section 2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The first match of an expression, and what stands in its place: text in which `$1` to `$9` are its groups."""

    regex: str
    replace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transforms:
    """What a rule rewrites; None: nothing."""

    host: Rewrite | None = None  # the Host header without its port
    url: Rewrite | None = None  # path and query

    def __bool__(self) -> bool:
        """Whether anything is rewritten."""
        return self.host is not None or self.url is not None


NO_TRANSFORMS: Final = Transforms()
