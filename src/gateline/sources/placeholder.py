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
from gateline.model.rest_api import Stage

STAGE_VARIABLE: Final = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")

_BRACED: Final = re.compile(r"\$\{([^{}]*)\}")
_SUBSTITUTABLE: Final = re.compile(r"(?!stageVariables\.)[A-Za-z0-9_.:-]+")
_WRITTEN: Final = re.compile(r"\$(\$?)\{([^{}]*)\}")
_FUNCTION_ATTRIBUTE: Final = re.compile(r"([A-Za-z0-9_-]+)\.(?:Arn|Alias)")
_LOOKS_NAMED: Final = re.compile(r"\$\{(?!stageVariables\.)([A-Za-z_][^{}\\\s$'\"]*)\}")


def substituted(template: str, value_of: Callable[[str], str]) -> str:
    """The text of a `Fn::Sub`: `${Name}` and `${Name.Attribute}` replaced, `${!Literal}` without its mark."""

    def one(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        return value_of(name) if _SUBSTITUTABLE.fullmatch(name) else found[0]

    return _BRACED.sub(one, template)


def filled(text: str, stage: Stage) -> str:
    """The text with its stage variables replaced; an undefined one is empty text, as on Amazon."""
    variables = dict(stage.variables)
    return STAGE_VARIABLE.sub(lambda found: variables.get(found[1], ""), text)


class Need(Enum):
    """Why a name is wanted, which decides what a person must do to give it a value."""

    SUBSTITUTION = "substitution"
    CONDITION = "condition"
    SECRET = "secret"  # noqa: S105


class Missed(Enum):
    """What becomes of what is written with a name that has no value."""

    NEEDED = ""  # nobody can know what was meant: an error
    IDLE = ", and nothing that is served depends on it"
    KEPT = ", so it is sent as it is written, as Amazon does it"


@dataclass(slots=True)
class _Use:
    need: Need
    origins: list[Origin]


@dataclass(slots=True)
class Placeholders:
    """Fills in what is known and remembers what is not; each unknown name becomes one diagnostic."""

    substitutions: Mapping[str, str]
    secret_names: Collection[str]
    function_names: Collection[str] = ()
    noted: int = 0  # uses of names without a value
    _uses: dict[tuple[str, Missed], _Use] = field(default_factory=dict)

    def value(self, name: str) -> str | None:
        """The value of a name, or None."""
        return self.substitutions.get(name)

    def filled(self, text: str) -> str:
        """The text with every known name replaced; `$${` is Terraform's way to write `${`."""
        filled = _WRITTEN.sub(self._one, text)
        return text if filled == text else filled  # the same object: its container needs no copy

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

    def names_in(self, text: str) -> list[str]:
        """What looks like names without a value in a text that matters."""
        if "${" not in text:
            return []
        return [name for name in _LOOKS_NAMED.findall(text) if name not in self.secret_names]

    def note(self, name: str, origin: Origin, need: Need, *, missed: Missed = Missed.NEEDED) -> None:
        """Remember one use of a name without a value."""
        self.noted += 1
        if name.startswith("Fn::"):  # stands in for a function that was complained about already
            return
        use = self._uses.get((name, missed))
        if use is None:
            self._uses[name, missed] = _Use(need, [origin])
            return
        use.need = use.need if need is Need.SECRET else need
        is_same = any(
            _is_within(seen, origin) for seen in use.origins[-3:]
        )  # a function inside of this value
        if not is_same:
            use.origins.append(origin)

    def report(self, complaints: Complaints, *, lenient: bool) -> None:
        """One diagnostic for each name, at the first place that needs it."""
        for (name, missed), use in self._uses.items():
            if missed is not Missed.NEEDED and (name, Missed.NEEDED) in self._uses:
                continue
            first, more = use.origins[0], _more(len(use.origins) - 1)
            severity = Severity.WARNING if lenient or missed is not Missed.NEEDED else None
            if use.need is Need.SECRET:
                message = f"'{name}' is not declared as a secret{more}"
                advice = (
                    f"declare it in the project file: secrets: {{{_key(name)}: {{env: {_key(name)}}}}}; "
                    f"or, if it is no secret, give the API its value: substitutions: {{{_key(name)}: ...}}"
                )
                complaints.add(codes.SECRET_NOT_DECLARED, first, message, help=advice, severity=severity)
                continue
            if attribute := _of_function(name, first):
                message = f"the function '{attribute}' is not declared{more}"
                advice = how_to_declare(attribute, self.function_names)
                complaints.add(codes.FUNCTION_NOT_DECLARED, first, message, help=advice, severity=severity)
                continue
            what = "the condition" if use.need is Need.CONDITION else "the value of"
            message = f"{what} '{name}' is not known{more}{missed.value}"
            advice = self._advice(name, use.need, first)
            complaints.add(codes.VALUE_UNKNOWN, first, message, help=advice, severity=severity)

    def _advice(self, name: str, need: Need, origin: Origin) -> str:
        prefix, _, variable = name.partition(".")
        close = difflib.get_close_matches(name, self.substitutions, n=1, cutoff=0.8)
        if variable and difflib.get_close_matches(prefix.lower(), ["stagevariables"], cutoff=0.8):
            close = [f"stageVariables.{variable}"]
        meant = f"did you mean '{close[0]}'? Otherwise add" if close else "add"
        given = '"true" or "false"' if need is Need.CONDITION else "..."
        if "authorizerUri" in origin.pointer:
            given = "FUNCTION"  # a name of the project file's functions will do
        return f"{meant} it to the API in the project file: substitutions: {{{_key(name)}: {given}}}"


def _of_function(name: str, origin: Origin) -> str:
    """The function whose ARN a uri of an integration or an authorizer takes by this name, or ""."""
    found = _FUNCTION_ATTRIBUTE.fullmatch(name)
    is_uri = not {"uri", "authorizerUri"}.isdisjoint(origin.pointer)
    return found[1] if found is not None and is_uri else ""


def how_to_declare(function: str, declared: Collection[str]) -> str:
    """What to do about a function that is not declared: the one that was meant, or a declaration to copy."""
    name = function.partition(":")[0]
    declaration = f"functions: {{{name}: {{handler: {name}.handler, code: functions/{name}}}}}"
    close = difflib.get_close_matches(name, declared, n=1)
    if close:
        return f"did you mean '{close[0]}'? Otherwise declare it in the project file: {declaration}"
    known = f"; declared are {', '.join(sorted(declared))}" if declared else ""
    return f"declare it in the project file: {declaration}{known}"


def _is_within(inner: Origin, outer: Origin) -> bool:
    return inner.file == outer.file and inner.pointer[: len(outer.pointer)] == outer.pointer


def _more(count: int) -> str:
    return "" if count == 0 else f" (and in {count} more place{'s' if count > 1 else ''})"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name) else f'"{name}"'
