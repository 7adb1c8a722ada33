"""References: `$x`, `${x.y}`, `$!x["k"].m(1)`, read and assigned to."""

from __future__ import annotations

from typing import Final

from gateline.templates.frame import Frame, Part, Term
from gateline.templates.java_text import text_of
from gateline.templates.methods import called, element, property_of, put

_OVERRIDES: Final = frozenset({"requestOverride", "responseOverride"})


class Definition:
    """What `#define` makes: rendered anew wherever it is named."""

    __slots__ = ("part",)

    def __init__(self, part: Part) -> None:
        self.part = part


class Property:
    """`.name`."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def of(self, frame: Frame, target: object) -> object:
        """The property of a value; null when there is none."""
        return property_of(target, self._name, frame.meter)

    def key(self, frame: Frame) -> object:  # noqa: ARG002 - as Index
        """What it is called in a map."""
        return self._name


class Index:
    """`[0]`, `["name"]`, `[$x]`."""

    __slots__ = ("_term",)

    def __init__(self, term: Term) -> None:
        self._term = term

    def of(self, frame: Frame, target: object) -> object:
        """The element of a list, or the entry of a map; null when there is none."""
        return element(target, self._term.value(frame), frame.meter)

    def key(self, frame: Frame) -> object:
        """What it is called in a map, or its place in a list."""
        return self._term.value(frame)


class Call:
    """`.name(1, "x")`."""

    __slots__ = ("_arguments", "_name")

    def __init__(self, name: str, arguments: tuple[Term, ...]) -> None:
        self._name = name
        self._arguments = arguments

    def of(self, frame: Frame, target: object) -> object:
        """What the method gives; null when there is none of that name for these arguments."""
        frame.meter.spend()
        arguments = [argument.value(frame) for argument in self._arguments]
        return called(target, self._name, arguments, frame.meter)


Step = Property | Index | Call


class Reference:
    """One reference. What is not there renders as empty text, whether or not `!` says so [R]."""

    __slots__ = ("_root", "_steps")

    def __init__(self, root: str, steps: tuple[Step, ...]) -> None:
        self._root = root
        self._steps = steps

    def render(self, frame: Frame) -> None:
        """Write its text."""
        if not self._steps:
            found = frame.variables.get(self._root)
            if isinstance(found, Definition):
                frame.enter(found.part)
                return
        value = self.value(frame)
        frame.write(value if type(value) is str else text_of(value, frame.meter))

    def value(self, frame: Frame) -> object:
        """What it stands for: null for what is missing, but "" when its variable was never set [R]."""
        variables = frame.variables
        if self._root not in variables:
            return ""
        value = variables[self._root]
        if isinstance(value, Definition):
            value = frame.captured(_Entered(value.part))
        for step in self._steps:
            if value is None:
                return None
            value = step.of(frame, value)
        return value

    def assign(self, frame: Frame, value: object) -> None:
        """`#set`: change the variable, or the map or list that the last step is in; else nothing.

        What is missing below `$context.requestOverride` and `responseOverride` is made [R].
        """
        if not self._steps:
            frame.variables[self._root] = value
            return
        target = frame.variables.get(self._root)
        makes = False
        for step in self._steps[:-1]:
            if isinstance(step, Call):
                target = step.of(frame, target)
                continue
            key = step.key(frame)
            makes = makes or (self._root == "context" and step is self._steps[0] and key in _OVERRIDES)
            found = step.of(frame, target)
            if found is None and makes:
                found = {}
                put(target, key, found, frame.meter)
            target = found
        last = self._steps[-1]
        if not isinstance(last, Call):
            put(target, last.key(frame), value, frame.meter)


class _Entered:
    """A definition's block, entered: so that one that names itself ends."""

    __slots__ = ("_part",)

    def __init__(self, part: Part) -> None:
        self._part = part

    def render(self, frame: Frame) -> None:
        """Render the block, one level down."""
        frame.enter(self._part)
