"""`${env:NAME}` and `${env:NAME:-default}` in the project file's text values.

The syntax is the shell's: the default also stands in for a variable that is set but empty. What comes from
the environment may be a secret that somebody put in the wrong place, so no message repeats it; messages quote
what was written in the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Self

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.sources.tree import Node, Pointer

_START: Final = "${env:"
_REFERENCE: Final = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-((?:(?!\$\{)[^}])*))?\}")


class EnvironmentText(str):
    """Text that holds values of environment variables; `written` is what the file says."""

    __slots__ = ("written",)

    written: str

    def __new__(cls, value: str, written: str) -> Self:
        """The filled-in value, with what was written."""
        text = super().__new__(cls, value)
        text.written = written
        return text


def as_written(value: object, text: str) -> str:
    """A text of this value for a message: what the environment gave is never repeated."""
    return value.written if isinstance(value, EnvironmentText) else text


def fill(
    node: Node, environ: Mapping[str, str], complaints: Complaints, here: Pointer = ()
) -> tuple[Node, frozenset[Pointer]]:
    """The tree with its references replaced, and the pointers of those that could not be (complained)."""
    if isinstance(node.value, Mapping):
        filled = {key: fill(below, environ, complaints, (*here, key)) for key, below in node.value.items()}
        broken = frozenset[Pointer]().union(*(bad for _, bad in filled.values()))
        return Node({key: below for key, (below, _) in filled.items()}, node.origin), broken
    if isinstance(node.value, tuple):
        entries = [fill(below, environ, complaints, (*here, i)) for i, below in enumerate(node.value)]
        broken = frozenset[Pointer]().union(*(bad for _, bad in entries))
        return Node(tuple(below for below, _ in entries), node.origin), broken
    if isinstance(node.value, str) and _START in node.value:
        text = _filled(node, node.value, environ, complaints)
        return (node, frozenset({here})) if text is None else (Node(text, node.origin), frozenset())
    return node, frozenset()


def _filled(
    node: Node, written: str, environ: Mapping[str, str], complaints: Complaints
) -> EnvironmentText | None:
    """The text with each reference replaced once; values are not read again for further references."""
    parts: list[str] = []
    end = 0
    whole = True
    while (start := written.find(_START, end)) >= 0:
        found = _REFERENCE.match(written, start)
        if found is None:
            complaints.add(
                codes.ENVIRONMENT_REFERENCE_MALFORMED,
                node.origin,
                f"'{written[start:]}' is not a reference to an environment variable",
                help="write ${env:NAME} or ${env:NAME:-default}; references cannot stand inside each other",
            )
            return None
        name, default = found.groups()
        value = environ.get(name)
        if default is not None and not value:
            value = default
        if value is None:
            complaints.add(
                codes.ENVIRONMENT_NOT_SET,
                node.origin,
                f"the environment variable {name} is not set",
                help=f"set it, or give a default: ${{env:{name}:-default}}",
            )
            whole = False
        parts += [written[end:start], value or ""]
        end = found.end()
    return EnvironmentText("".join(parts) + written[end:], written) if whole else None
