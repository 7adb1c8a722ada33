"""Reads a Dockerfile: as much of it as its tests ask about."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CONTINUED: Final = re.compile(r"\\\n")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its words, and the stage that it stands in, counted from 0."""

    name: str
    words: tuple[str, ...]
    stage: int

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words that are no options."""
        return tuple(word for word in self.words if not word.startswith("--"))

    @property
    def listed(self) -> list[str]:
        """The words of the exec form.

        Raises:
            ValueError: it is in the shell form.

        """
        text = " ".join(self.words)
        found = json.loads(text[text.index("[") :])
        assert isinstance(found, list)
        return found


def instructions(path: Path) -> list[Instruction]:
    """The instructions of a Dockerfile, in order."""
    found: list[Instruction] = []
    stage = -1
    text = "\n".join(line for line in path.read_text().split("\n") if not line.startswith("#"))
    for line in filter(None, _CONTINUED.sub(" ", text).split("\n")):
        name, *words = line.split(" ")
        stage += name == "FROM"
        found.append(Instruction(name, tuple(filter(None, words)), stage))
    return found
