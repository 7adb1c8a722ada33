"""Files of API keys in the form that API Gateway imports: CSV with a header, one key a row.

The columns are `name`, `key`, `description`, `Enabled` and `usageplanIds`, in any order and spelling of case; the
first two are needed. Ids of usage plans are our plans' names, with commas between them. What is wrong is told with
its line; the values themselves are told to nobody.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin, Position
from gateline.sources.suggestion import did_you_mean

KEY_FILE: Final = ("keys_file",)
"""The pointer of every place in such a file: no line of it is ever shown."""

LONGEST_FILE: Final = 8 * 1024 * 1024
"""Bytes."""

COLUMNS: Final = ("name", "key", "description", "enabled", "usageplanids")
_FLAGS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key of a file. `plans`: those that its row names."""

    name: str
    value: str = field(repr=False)
    enabled: bool
    plans: tuple[str, ...]
    origin: Origin


def key_value_fault(value: str) -> str:
    """Why this can't be the value of an API key, or "": API Gateway takes 20 to 128 characters."""
    if not 20 <= len(value) <= 128:
        return "it has not 20 to 128 characters"
    if re.fullmatch(r"[\x21-\x7e]+", value) is None:
        return "it holds a blank, a control character, or one that is not ASCII"
    return ""


def read_key_file(raw: bytes, file: str, plans: Sequence[str], complaints: Complaints) -> tuple[KeyRow, ...]:
    """The keys of a file; rows that cannot be used are complained about and left out.

    Args:
        raw: what the file holds.
        file: its name for messages.
        plans: the names of all usage plans.
        complaints: where faults are told.

    """
    return tuple(_Rows(file, plans, complaints).of(raw))


class _Rows:
    def __init__(self, file: str, plans: Sequence[str], complaints: Complaints) -> None:
        self._file = file
        self._plans = plans
        self._complaints = complaints

    def of(self, raw: bytes) -> Iterator[KeyRow]:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._complain(raw.count(b"\n", 0, error.start) + 1, "it is not UTF-8 text")
            return
        if len(raw) > LONGEST_FILE:
            self._complain(1, f"it is larger than {LONGEST_FILE // 1024 // 1024} MB")
            return
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        columns: tuple[str, ...] = ()
        line = 1
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    if not columns:
                        columns = self._columns(line, cells)
                        if not columns:
                            return
                    elif row := self._row(line, columns, cells):
                        yield row
                line = reader.line_num + 1
        except csv.Error:
            self._complain(line, "the row is no CSV: a quote is not closed, or text stands behind one")
        if not columns:
            self._complain(1, "it is empty; its first line must name its columns, name and key among them")

    def _columns(self, line: int, cells: Sequence[str]) -> tuple[str, ...]:
        """The names of the columns; none when they cannot be used."""
        columns = tuple(cell.strip().lower() for cell in cells)
        unknown = next((name for name in columns if name not in COLUMNS), None)
        if unknown is not None:
            # Without a header the first line is a key's: it must not be repeated.
            advice = "the columns are name, key, description, Enabled and usageplanIds"
            self._complain(line, f"column {columns.index(unknown) + 1} has a name that is not known", advice)
            return ()
        for name in ("name", "key"):
            if columns.count(name) != 1:
                self._complain(line, f"there must be one column '{name}'")
                return ()
        if len(set(columns)) < len(columns):
            self._complain(line, "two columns have the same name")
            return ()
        return columns

    def _row(self, line: int, columns: Sequence[str], cells: Sequence[str]) -> KeyRow | None:
        if len(cells) != len(columns):
            self._complain(line, f"the row has {len(cells)} fields, and the first line {len(columns)}")
            return None
        values = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
        name = values["name"]
        if not 1 <= len(name) <= 256 or not name.isprintable():
            self._complain(line, "the name is not 1 to 256 characters that can be shown")
            return None
        # No complaint repeats a field: fields that are confused would show a value.
        if fault := key_value_fault(values["key"]):
            self._complain(line, f"the key's value cannot be used: {fault}")
            return None
        enabled = _FLAGS.get(values.get("enabled", "true").lower())
        if enabled is None:
            self._complain(line, "Enabled is neither true nor false")
            return None
        plans = tuple(dict.fromkeys(re.findall(r"[^,\s]+", values.get("usageplanids", ""))))
        if unknown := next((plan for plan in plans if plan not in self._plans), ""):
            advice = did_you_mean(unknown, self._plans) or "an id of a usage plan is its name here"
            self._complain(line, "usageplanIds names a usage plan that is not declared", advice)
            return None
        return KeyRow(name=name, value=values["key"], enabled=enabled, plans=plans, origin=self._origin(line))

    def _origin(self, line: int) -> Origin:
        return Origin(self._file, KEY_FILE, Position(line, 1))

    def _complain(self, line: int, message: str, advice: str = "") -> None:
        self._complaints.add(codes.KEY_FILE_INVALID, self._origin(line), message, help=advice)
