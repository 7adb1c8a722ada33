"""Files of targets: a JSON list of texts, or a line for each; `host:port` all of them.

Somebody else writes such a file while the gateway runs, so what is wrong with it stops nothing: whoever reads it keeps
what it said before. An empty file is wrong: it is what a writer leaves that has only begun. `[]` says that there are
no targets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateline.errors import FileUnreadable
from gateline.model import codes
from gateline.model.address import forbidden_reason
from gateline.model.diagnostic import Complaints
from gateline.model.discovery import DiscoveredTarget
from gateline.model.origin import Origin, Position
from gateline.sources import json_text
from gateline.sources.document import read_bytes
from gateline.sources.project_values import split_host_port
from gateline.sources.reader import is_file

MOST_TARGETS: Final = 1000
"""Of a target group: Amazon's quota (load-balancers.md section 1)."""

LONGEST_FILE: Final = 1024 * 1024
"""Bytes."""

_EXAMPLE: Final = "host:port, such as 10.0.3.7:9000, orders.internal:80 or [fd00::7]:9000"
_JSON_LIST: Final = re.compile(r"\s*\[\s*[\"\]]")
"""How a list of texts begins, and no IPv6 address in brackets."""

_Entry = tuple[Position, object]


def open_target_file(path: Path, name: str) -> bytes:
    """What the file holds.

    Raises:
        FileUnreadable: it is not there, is no regular file (a pipe would hang whoever reads it), or may not be read.

    """
    if is_file(path) is False:
        message = f"{name} is not a file"
        raise FileUnreadable(message)
    return read_bytes(path, name)


def read_target_file(raw: bytes, name: str, complaints: Complaints) -> tuple[DiscoveredTarget, ...] | None:
    """The targets that a file names, each once; None when something is wrong with it, which was complained about.

    Args:
        raw: what the file holds.
        name: its name for messages.
        complaints: where faults are told, with their lines.

    """
    before = complaints.count
    if len(raw) > LONGEST_FILE:
        _complain(complaints, name, Position(1, 1), f"it is larger than {LONGEST_FILE // 1024 // 1024} MB")
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _complain(complaints, name, Position(raw.count(b"\n", 0, error.start) + 1, 1), "it is not UTF-8 text")
        return None
    if not text.strip():
        _complain(complaints, name, Position(1, 1), "it is empty", "[] says that there are no targets")
        return None
    is_json = name.lower().endswith(".json") or _JSON_LIST.match(text) is not None
    entries = _items(text, name, complaints) if is_json else _lines(text)
    found = [_target(position, entry, name, complaints) for position, entry in entries]
    if len(found) > MOST_TARGETS:
        message = f"it names {len(found)} targets; a target group has {MOST_TARGETS} at most"
        _complain(complaints, name, Position(1, 1), message)
    if complaints.count > before:
        return None
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _items(text: str, name: str, complaints: Complaints) -> Iterator[_Entry]:
    parsed = json_text.parse(text)
    for fault in parsed.faults:
        _complain(complaints, name, fault.position, fault.message)
    if parsed.faults:
        return
    if not isinstance(parsed.value, list):
        _complain(complaints, name, Position(1, 1), 'it is no list: write ["10.0.3.7:9000"]')
        return
    for index, item in enumerate(parsed.value[: MOST_TARGETS + 1]):
        is_right = isinstance(item, str) and split_host_port(item) is not None
        # Finding a place reads the text again: only where somebody will look.
        place = Position(1, 1) if is_right else json_text.locate(text, (index,)) or Position(1, 1)
        yield place, item


def _lines(text: str) -> Iterator[_Entry]:
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if entry:
            yield Position(number, line.index(entry) + 1), entry


def _target(position: Position, entry: object, name: str, complaints: Complaints) -> DiscoveredTarget | None:
    pair = split_host_port(entry) if isinstance(entry, str) else None
    if pair is None:
        found = f"'{entry}'" if isinstance(entry, str) else f"a {type(entry).__name__}"
        _complain(complaints, name, position, f"expected {_EXAMPLE}; found {found}")
        return None
    if reason := forbidden_reason(pair[0]):
        _complain(complaints, name, position, f"'{entry}' is {reason}, where no request may go")
        return None
    return DiscoveredTarget(host=pair[0].lower(), port=pair[1])


def _complain(complaints: Complaints, name: str, position: Position, message: str, advice: str = "") -> None:
    complaints.add(codes.TARGET_FILE_INVALID, Origin(name, position=position), message, help=advice)
