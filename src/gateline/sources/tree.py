"""Tree: a project's values, each with the place where it was written.

Files are included and laid over each other before anybody knows what they mean; a tree keeps every value's
own origin through that, so that a complaint names the file and line that a person must change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateline.model.origin import Origin

if TYPE_CHECKING:
    from gateline.sources.document import JsonValue

Scalar = str | int | float | bool | None
Plain = Scalar | dict[str, "Plain"] | tuple["Plain", ...]
Pointer = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands. Maps and lists hold nodes, so every leaf may come from its own file."""

    value: Scalar | Mapping[str, Node] | tuple[Node, ...]
    origin: Origin

    def child(self, key: str | int) -> Node | None:
        """The node directly below, or None."""
        if isinstance(self.value, Mapping):
            return self.value.get(str(key))
        if isinstance(self.value, tuple) and isinstance(key, int) and key < len(self.value):
            return self.value[key]
        return None

    def at(self, pointer: Pointer) -> Node:
        """The node at a pointer, or the nearest one above it: where a missing value would be written."""
        node = self
        for key in pointer:
            below = node.child(key)
            if below is None:
                break
            node = below
        return node

    def names(self, *pointer: str) -> Mapping[str, Node]:
        """The entries of the map at a pointer; empty when there is no map."""
        node: Node | None = self
        for key in pointer:
            node = node.child(key) if node is not None else None
        return node.value if node is not None and isinstance(node.value, Mapping) else {}

    def reach(self, pointer: Pointer) -> Pointer:
        """As much of the pointer as this tree has."""
        node = self
        for depth, key in enumerate(pointer):
            below = node.child(key)
            if below is None:
                return pointer[:depth]
            node = below
        return pointer


def grow(value: JsonValue, origin: Origin) -> Node:
    """The tree of a document's value."""
    if isinstance(value, dict):
        return Node({key: grow(below, origin.child(key)) for key, below in value.items()}, origin)
    if isinstance(value, list):
        return Node(tuple(grow(below, origin.child(i)) for i, below in enumerate(value)), origin)
    return Node(value, origin)


def plain(node: Node) -> Plain:
    """The values alone, as the project's models read them: dicts, tuples and scalars."""
    if isinstance(node.value, Mapping):
        return {key: plain(below) for key, below in node.value.items()}
    if isinstance(node.value, tuple):
        return tuple(plain(below) for below in node.value)
    return node.value


def without(node: Node, pointers: Collection[Pointer], here: Pointer = ()) -> Node:
    """The tree less the values at the pointers. A list that loses an entry is emptied."""
    if isinstance(node.value, Mapping):
        kept = {
            key: without(below, pointers, (*here, key))
            for key, below in node.value.items()
            if (*here, key) not in pointers
        }
        return Node(kept, node.origin)
    if isinstance(node.value, tuple):
        if any((*here, index) in pointers for index in range(len(node.value))):
            return Node((), node.origin)
        below_all = tuple(without(below, pointers, (*here, i)) for i, below in enumerate(node.value))
        return Node(below_all, node.origin)
    return node


def texts(node: Node | None, here: Pointer) -> Iterator[tuple[Pointer, Node]]:
    """Every text below a node, with its pointer; `here` is the node's own."""
    if node is None:
        return
    if isinstance(node.value, Mapping):
        for key, below in node.value.items():
            yield from texts(below, (*here, key))
    elif isinstance(node.value, tuple):
        for index, below in enumerate(node.value):
            yield from texts(below, (*here, index))
    elif isinstance(node.value, str):
        yield here, node


def dotted(pointer: Pointer) -> str:
    """A pointer as a person says it: `apis.storefront.stages.prod`, `gateway.hosts[1]`."""
    text = ""
    for key in pointer:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text
