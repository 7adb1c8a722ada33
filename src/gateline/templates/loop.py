"""`$foreach`: where a loop stands."""

from __future__ import annotations

from gateline.templates.method import Tool


class Loop(Tool):
    """The state of one `#foreach`."""

    __slots__ = ("index", "length", "parent")

    def __init__(self, length: int, parent: object) -> None:
        self.length = length
        self.index = 0
        self.parent = parent

    @property
    def has_next(self) -> bool:
        """Whether another turn comes."""
        return self.index + 1 < self.length

    def attribute(self, name: str) -> object:
        """What a template may ask for."""
        if name == "index":
            return self.index
        if name == "count":
            return self.index + 1
        if name == "hasNext":
            return self.has_next
        if name == "first":
            return self.index == 0
        if name == "last":
            return not self.has_next
        return self.parent if name == "parent" else None
