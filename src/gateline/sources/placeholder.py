"""`${...}` in a definition: what is filled in, what stays, and the list of names that nobody gave a value.

Four things are written that way: stage variables (known only when a request comes), secrets (kept out of the
model), values that the project file's `substitutions` give (Terraform's `templatefile`, envsubst, `Fn::Sub`),
and Velocity's references inside mapping templates, which are none of our business.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Complaints, Severity
from gateline.model.origin import Origin

STAGE_VARIABLE: Final = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")

_BRACED: Final = re.compile(r"\$\{([^{}]*)\}")
_SUBSTITUTABLE: Final = re.compile(r"(?!stageVariables\.)[A-Za-z0-9_.:-]+")
_WRITTEN: Final = re.compile(r"\$(\$?)\{([^{}]*)\}")
_LOOKS_NAMED: Final = re.compile(r"\$\{(?!stageVariables\.)([A-Za-z_][^{}\\\s$'\"]*)\}")


def substituted(template: str, value_of: Callable[[str], str]) -> str:
    """The text of a `Fn::Sub`: `${Name}` and `${Name.Attribute}` replaced, `${!Literal}` without its mark."""

    def one(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        return value_of(name) if _SUBSTITUTABLE.fullmatch(name) else found[0]

    return _BRACED.sub(one, template)


class Need(Enum):
    """Why a name is wanted, which decides what a person must do to give it a value."""

    SUBSTITUTION = "substitution"
    CONDITION = "condition"
    SECRET = "a secret"


@dataclass(slots=True)
class _Use:
    need: Need
    origin: Origin
    harmless: bool
    times: int = 1


@dataclass(slots=True)
class Placeholders:
    """Fills in what is known and remembers what is not; each unknown name becomes one diagnostic."""

    substitutions: Mapping[str, str]
    secret_names: Collection[str]
    _uses: dict[tuple[str, bool], _Use] = field(default_factory=dict)

    def value(self, name: str) -> str | None:
        """The value of a name, or None."""
        return self.substitutions.get(name)

    def filled(self, text: str) -> str:
        """The text with every known name replaced; `$${` is Terraform's way to write `${`."""
        return _WRITTEN.sub(self._one, text)

    def _one(self, found: re.Match[str]) -> str:
        escaped, name = found.groups()
        if escaped:
            return f"${{{name}}}"
        if name in self.secret_names:
            return found[0]
        value = self.substitutions.get(name)
        return found[0] if value is None else value

    def secrets_in(self, text: str) -> tuple[str, ...]:
        """The names of declared secrets that a text refers to."""
        if not self.secret_names:
            return ()
        return tuple(name for _, name in _WRITTEN.findall(text) if name in self.secret_names)

    def note_unknown(self, text: str, origin: Origin) -> bool:
        """Remember what looks like a name without a value in a text that matters; true when there is any."""
        if "${" not in text:
            return False
        names = [name for name in _LOOKS_NAMED.findall(text) if name not in self.secret_names]
        for name in names:
            self.note(name, origin, Need.SUBSTITUTION)
        return bool(names)

    def note(self, name: str, origin: Origin, need: Need, *, harmless: bool = False) -> None:
        """Remember one use of a name without a value."""
        use = self._uses.get((name, harmless))
        if use is None:
            self._uses[name, harmless] = _Use(need, origin, harmless)
        elif use.origin != origin:
            use.times += 1
            use.need = need if need is Need.SECRET else use.need

    def report(self, complaints: Complaints, *, lenient: bool) -> None:
        """One diagnostic for each name, at the first place that needs it."""
        for (name, harmless), use in self._uses.items():
            if harmless and (name, False) in self._uses:
                continue
            more = f" (and in {use.times - 1} more places)" if use.times > 1 else ""
            severity = Severity.WARNING if lenient or harmless else None
            if use.need is Need.SECRET:
                message = f"'{name}' is not declared as a secret{more}"
                advice = f"declare it in the project file: secrets: {{{_key(name)}: {{env: {_key(name)}}}}}"
                complaints.add(codes.SECRET_NOT_DECLARED, use.origin, message, help=advice, severity=severity)
                continue
            what = "the condition" if use.need is Need.CONDITION else "the value of"
            message = f"{what} '{name}' is not known{more}"
            if harmless:
                message += ", and nothing that is served depends on it"
            complaints.add(
                codes.VALUE_UNKNOWN, use.origin, message, help=self._advice(name, use.need), severity=severity
            )

    def _advice(self, name: str, need: Need) -> str:
        close = difflib.get_close_matches(
            name, [*self.substitutions, "stageVariables." + name], n=1, cutoff=0.8
        )
        meant = f"did you mean '{close[0]}'? Otherwise add" if close else "add"
        given = '"true" or "false"' if need is Need.CONDITION else "its value"
        return f"{meant} it to the API in the project file: substitutions: {{{_key(name)}: {given}}}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name) else f'"{name}"'
