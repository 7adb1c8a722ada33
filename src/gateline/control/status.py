"""Status: what each Envoy has accepted or refused, and why. Frozen, for the CLI and for health."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateline.control.node import Node
from gateline.control.outcome import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """One Envoy.

    Attributes:
        node: its `node.id`.
        connected: whether its stream is open.
        accepted: the version of the last snapshot that it accepted whole; empty when there is none.
        versions: the same by type.
        waiting_for: the types of which it owes an answer; empty when it has answered everything.
        last_refusal: what it refused last, if ever; later snapshots may have been accepted.

    """

    node: str
    connected: bool
    accepted: str
    versions: Mapping[str, str]
    waiting_for: tuple[str, ...]
    last_refusal: Refusal | None

    @staticmethod
    def of(name: str, node: Node, *, connected: bool) -> NodeStatus:
        """The status of a node now."""
        accepted = node.accepted
        return NodeStatus(
            node=name,
            connected=connected,
            accepted=accepted.version if accepted else "",
            versions=accepted.type_versions if accepted else {},
            waiting_for=node.waiting_for,
            last_refusal=node.last_refusal,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The control plane: the version published last (empty when none was) and every Envoy it has seen."""

    published: str
    nodes: tuple[NodeStatus, ...]
