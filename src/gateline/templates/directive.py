"""The statements of a template: text, `#set`, `#if`, `#foreach`, `#define`, `#macro`, `#stop`, `#break`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from gateline.templates.equality import is_true
from gateline.templates.frame import Broken, Frame, Part, Stopped, Term
from gateline.templates.loop import Loop
from gateline.templates.reference import Definition, Reference

_UNSET: Final = object()


class Text:
    """What is no part of the language."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def render(self, frame: Frame) -> None:
        """Write it."""
        frame.write(self.text)


class Block:
    """Parts after each other."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts

    def render(self, frame: Frame) -> None:
        """Render all of them."""
        frame.meter.spend(len(self.parts))
        for part in self.parts:
            part.render(frame)


class Set:
    """`#set($x = ...)`."""

    __slots__ = ("_target", "_term")

    def __init__(self, target: Reference, term: Term) -> None:
        self._target = target
        self._term = term

    def render(self, frame: Frame) -> None:
        """Assign; write nothing."""
        self._target.assign(frame, self._term.value(frame))


class If:
    """`#if`, its `#elseif`s and its `#else`."""

    __slots__ = ("_branches", "_otherwise")

    def __init__(self, branches: tuple[tuple[Term, Part], ...], otherwise: Part | None) -> None:
        self._branches = branches
        self._otherwise = otherwise

    def render(self, frame: Frame) -> None:
        """Render the first branch whose condition holds."""
        for condition, part in self._branches:
            if is_true(condition.value(frame)):
                frame.enter(part)
                return
        if self._otherwise is not None:
            frame.enter(self._otherwise)


class Foreach:
    """`#foreach($x in $list)`: lists, the values of maps; nothing for all else."""

    __slots__ = ("_name", "_part", "_term")

    def __init__(self, name: str, term: Term, part: Part) -> None:
        self._name = name
        self._term = term
        self._part = part

    def render(self, frame: Frame) -> None:
        """Render the block for every item, a thousand at the most; afterwards the variables are what they were."""
        items = self._items(frame)
        count = min(len(items), frame.meter.iterations)
        if not count:
            return
        loop = Loop(len(items), frame.variables.get("foreach"))
        with _Kept(frame.variables, (self._name, "foreach", "velocityCount", "velocityHasNext")):
            frame.variables["foreach"] = loop
            try:
                for index, item in enumerate(islice(items, count)):
                    loop.index = index
                    frame.variables[self._name] = item
                    frame.variables["velocityCount"] = index + 1
                    frame.variables["velocityHasNext"] = loop.has_next
                    frame.meter.spend()
                    frame.enter(self._part)
            except Broken:
                pass

    def _items(self, frame: Frame) -> list[object]:
        value = self._term.value(frame)
        if isinstance(value, dict):
            return list(value.values())
        return list(value) if isinstance(value, list) else []


class Define:
    """`#define($x)`."""

    __slots__ = ("_name", "_part")

    def __init__(self, name: str, part: Part) -> None:
        self._name = name
        self._part = part

    def render(self, frame: Frame) -> None:
        """Give the block its name."""
        frame.variables[self._name] = Definition(self._part)


class MacroCall:
    """`#name(1 $x)`: the macro of that name, or the text as it is written when there is none [R]."""

    __slots__ = ("_arguments", "_name", "_source")

    def __init__(self, name: str, arguments: tuple[Term, ...], source: str) -> None:
        self._name = name
        self._arguments = arguments
        self._source = source

    def render(self, frame: Frame) -> None:
        """Render the macro's block with the arguments as its parameters; those that are not given are null."""
        macro = frame.macros.get(self._name)
        if macro is None:
            frame.write(self._source)
            return
        given = [argument.value(frame) for argument in self._arguments[: len(macro.parameters)]]
        given += [None] * (len(macro.parameters) - len(given))
        with _Kept(frame.variables, macro.parameters):
            frame.variables.update(zip(macro.parameters, given, strict=True))
            frame.enter(macro.part)


class Stop:
    """`#stop`."""

    __slots__ = ()

    def render(self, frame: Frame) -> None:  # noqa: ARG002 - the protocol
        """End the rendering."""
        raise Stopped


class Break:
    """`#break`."""

    __slots__ = ()

    def render(self, frame: Frame) -> None:  # noqa: ARG002 - the protocol
        """End the loop."""
        raise Broken


class _Kept:
    """Variables that are afterwards what they were."""

    __slots__ = ("_before", "_variables")

    def __init__(self, variables: dict[str, object], names: Iterable[str]) -> None:
        self._variables = variables
        self._before = [(name, variables.get(name, _UNSET)) for name in names]

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        for name, value in self._before:
            if value is _UNSET:
                self._variables.pop(name, None)
            else:
                self._variables[name] = value


def texts(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts with neighbouring texts made one."""
    pending: list[str] = []
    for part in parts:
        if isinstance(part, Text):
            pending.append(part.text)
            continue
        if pending:
            yield Text("".join(pending))
            pending = []
        yield part
    if pending:
        yield Text("".join(pending))
