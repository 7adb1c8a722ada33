"""API keys: values read where the project file says, known from then on by their digests alone.

Messages name a key and where it is declared, never its value or a part of it (DESIGN D8).
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Complaints, Severity
from gateline.model.origin import Origin
from gateline.model.usage_plan import ApiKey, KeySource, UsagePlan, key_digest
from gateline.runtime.key_store import HeldKeys
from gateline.sources.key_file import LONGEST_FILE, key_value_fault, read_key_file

_LONGEST_VALUE: Final = 128
_ID_LENGTH: Final = 10  # as Amazon's


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedKey:
    """A key and where it is declared; `origin`: None for one that a command has made."""

    key: ApiKey
    origin: Origin | None = None
    is_revoked: bool = False


def key_id(name: str) -> str:
    """The id of a declared key: the same as long as its name is, whatever becomes of its value."""
    return short_id(b"gateline api key " + name.encode())


def short_id(content: bytes) -> str:
    """An id in the form of Amazon's: ten small letters and digits."""
    return base64.b32encode(hashlib.sha256(content).digest()).decode("ascii")[:_ID_LENGTH].lower()


def read_declared_keys(
    plans: Sequence[UsagePlan],
    environ: Mapping[str, str],
    name_of: Callable[[Path], str],
    pepper: str,
    complaints: Complaints,
    *,
    missing: Severity = Severity.ERROR,
) -> tuple[NamedKey, ...]:
    """The keys that usage plans declare; what cannot be used is a complaint. One without a value has no digest.

    Args:
        plans: the project's usage plans.
        environ: the environment that values are read from.
        name_of: how messages call a file.
        pepper: the key of the digests.
        complaints: where faults are told.
        missing: how bad it is that a value is not there.

    """
    found = _Found(plans, pepper, complaints)
    for plan in plans:
        for source in plan.keys:
            value = _value(source, environ, name_of, complaints, missing)
            found.add(source.name, value, source.enabled, (plan.name,), source.origin)
        if plan.keys_file:
            path = Path(plan.keys_file)
            raw = _content(path, LONGEST_FILE)
            if raw is None:
                message = f"the keys of usage plan '{plan.name}': {name_of(path)} cannot be read"
                origin = plan.origin.child("keys_file")
                complaints.add(codes.API_KEY_UNREADABLE, origin, message, severity=missing)
                continue
            names = [each.name for each in plans]
            for row in read_key_file(raw, name_of(path), names, complaints):
                found.add(row.name, row.value, row.enabled, row.plans or (plan.name,), row.origin)
    return tuple(found)


def with_held_keys(
    declared: Sequence[NamedKey], held: HeldKeys, plans: Sequence[UsagePlan], complaints: Complaints
) -> tuple[NamedKey, ...]:
    """The declared keys less those that were revoked, and the keys that commands have made, as far as they fit."""
    known = [
        dataclasses.replace(each, key=dataclasses.replace(each.key, enabled=False), is_revoked=True)
        if each.key.digest in held.revoked
        else each
        for each in declared
    ]
    names = {each.key.name for each in declared}
    digests = {each.key.digest for each in declared} - {""}
    scopes = _scopes(plans)
    for key in held.keys:
        told = ""
        fitting: list[str] = []
        for plan in key.plans:
            if plan not in scopes:
                told = f"there is no usage plan '{plan}'"
            elif shared := _shared(plan, fitting, scopes):
                told = f"two of its usage plans are for {shared}"
            else:
                fitting.append(plan)
        if key.name in names or key.digest in digests:
            told = "the project file declares a key of the same name or value"
        else:
            known.append(NamedKey(key=dataclasses.replace(key, plans=tuple(fitting))))
        if told:
            message = f"the key '{key.name}', which a command has made, does not count as it did: {told}"
            advice = f"`gateline keys revoke {key.key_id}` removes it"
            complaints.add(codes.API_KEY_NOT_HELD, _usage_plans(plans), message, help=advice)
    return tuple(known)


def plans_in_conflict(names: Sequence[str], plans: Sequence[UsagePlan]) -> str:
    """The first stage that two of these plans are for, or "": one key may open it by one plan only."""
    scopes = _scopes(plans)
    return next(
        (found for index, name in enumerate(names) if (found := _shared(name, names[:index], scopes))),
        "",
    )


class _Found:
    """Keys by name, while they are read."""

    def __init__(self, plans: Sequence[UsagePlan], pepper: str, complaints: Complaints) -> None:
        self._plans = plans
        self._pepper = pepper
        self._complaints = complaints
        self._by_name: dict[str, NamedKey] = {}
        self._names: dict[str, str] = {}  # by digest

    def __iter__(self) -> Iterator[NamedKey]:
        return iter(self._by_name.values())

    def add(
        self, name: str, value: str | None, enabled: bool, plans: tuple[str, ...], origin: Origin
    ) -> None:
        digest = "" if value is None else key_digest(self._pepper, value.encode())
        before = self._by_name.get(name)
        told = ""
        if before is not None and digest and before.key.digest not in ("", digest):
            told = f"there are two keys called '{name}', with different values"
        elif before is not None and set(before.key.plans) & set(plans):
            told = f"the key '{name}' is written twice"
        elif self._names.get(digest, name) != name:
            told = f"the keys '{self._names[digest]}' and '{name}' have the same value"
        if told:
            self._complaints.add(codes.API_KEY_TAKEN, origin, told)
            return
        all_plans = (*(before.key.plans if before else ()), *plans)
        if scope := plans_in_conflict(all_plans, self._plans):
            message = f"the key '{name}' is in two usage plans for {scope}"
            advice = "a key may open a stage by one usage plan only"
            self._complaints.add(codes.API_KEY_IN_TWO_PLANS, origin, message, help=advice)
            return
        is_enabled = enabled and (before is None or before.key.enabled)
        key = ApiKey(key_id=key_id(name), name=name, digest=digest, enabled=is_enabled, plans=all_plans)
        self._by_name[name] = NamedKey(key=key, origin=before.origin if before else origin)
        if digest:
            self._names[digest] = name


def _value(
    source: KeySource,
    environ: Mapping[str, str],
    name_of: Callable[[Path], str],
    complaints: Complaints,
    missing: Severity,
) -> str | None:
    if source.env:
        place, lack = f"the environment variable {source.env}", "is not set"
        advice = f"set {source.env} in the environment of gateline, or name another source"
        text = environ.get(source.env)
        raw = None if text is None else os.fsencode(text)
    else:
        path = Path(source.file)
        place, lack = f"the file {name_of(path)}", "cannot be read"
        advice = "paths are relative to the file that they are written in"
        raw = _content(path, _LONGEST_VALUE + 3)  # enough to see that it is too long
        if raw is not None:  # editors and `echo` end a file with a line end
            raw = raw.removesuffix(b"\n").removesuffix(b"\r")
    if raw is None:
        message = f"the API key '{source.name}' has no value: {place} {lack}"
        complaints.add(codes.API_KEY_UNREADABLE, source.origin, message, help=advice, severity=missing)
        return None
    value = raw.decode("utf-8", "replace")
    if fault := key_value_fault(value):
        message = f"the value of the API key '{source.name}', from {place}, cannot be used: {fault}"
        complaints.add(codes.API_KEY_INVALID, source.origin, message)
        return None
    return value


def _content(path: Path, longest: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(longest + 1)
    except OSError:
        return None


def _scopes(plans: Sequence[UsagePlan]) -> dict[str, frozenset[str]]:
    return {plan.name: frozenset(stage.scope for stage in plan.stages) for plan in plans}


def _shared(plan: str, others: Sequence[str], scopes: Mapping[str, frozenset[str]]) -> str:
    """A stage that the plan shares with one of the others, or ""."""
    mine = scopes.get(plan, frozenset())
    return next((scope for other in others for scope in sorted(mine & scopes.get(other, frozenset()))), "")


def _usage_plans(plans: Sequence[UsagePlan]) -> Origin:
    return plans[0].origin if plans else Origin("")
