"""Custom domain names and their base path mappings (api-gateway.md section 3)."""

from __future__ import annotations

from dataclasses import dataclass

from gateline.model.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class BasePathMapping:
    """The stage that a base path leads to; "" is the mapping of all other paths. No stage segment in the path."""

    base_path: str  # without slashes at its ends; may hold several segments
    api: str
    stage: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A custom domain. `certificate` is a name in the Keyring, "" when it shares the edge's own."""

    name: str  # lower case; `*.example.com` stands for every name of one more label
    certificate: str = ""
    mappings: tuple[BasePathMapping, ...] = ()
    origin: Origin
