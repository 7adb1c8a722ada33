"""Document: a file of JSON or YAML, read once. Lines and columns are looked up when a person needs them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateline.errors import FileUnreadable
from gateline.model import codes
from gateline.model.diagnostic import Complaints, Severity
from gateline.model.origin import Origin, Position
from gateline.sources import json_text, yaml_text
from gateline.sources.collector import resting_collector
from gateline.sources.json_value import JsonValue, Parsed

__all__ = ["Document", "JsonValue", "locate", "parse_document", "read_bytes", "read_document"]

MAX_BYTES: Final = 64 * 1024 * 1024
"""Ten times what Amazon imports: nobody writes more, and an endless file must end somewhere."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it was read: `name` is how the user named it, for messages."""

    name: str
    path: Path
    text: str
    value: JsonValue


def read_document(path: Path, name: str, complaints: Complaints) -> Document | None:
    """Read a file of JSON or YAML; None when it is neither, which was complained about.

    Raises:
        FileUnreadable: the file is missing, a folder, or may not be read.

    """
    raw = read_bytes(path, name)
    if len(raw) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES // 1024 // 1024} MB"
        complaints.add(codes.BEYOND_BOUNDS, Origin(name, position=Position(1, 1)), message)
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = Position(raw.count(b"\n", 0, error.start) + 1, error.start - raw.rfind(b"\n", 0, error.start))
        said = "the file looks like UTF-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "expected UTF-8"
        message = f"{said}, found the byte 0x{raw[error.start]:02x}"
        complaints.add(codes.NOT_UTF8, Origin(name, position=at), message, help="save it as UTF-8")
        return None
    return parse_document(text, path, name, complaints)


def parse_document(text: str, path: Path, name: str, complaints: Complaints) -> Document | None:
    """The document that a text is; None when it is neither JSON nor YAML, which was complained about."""
    with resting_collector():
        parsed = _parse(text, path)
    stopped = False
    for fault in parsed.faults:
        origin = Origin(name, position=fault.position)
        stopped |= complaints.add(fault.code, origin, fault.message, help=fault.help)
    return None if stopped else Document(name, path, text, parsed.value)


def locate(document: Document, pointer: tuple[str | int, ...]) -> Position:
    """The line and column of the value at a pointer (a container: of its key), or of the nearest one above.

    Reads the text again, because a reader that marks every value is many times slower (DESIGN section 6).
    """
    if _starts_like_json(document.text) and (found := json_text.locate(document.text, pointer)) is not None:
        return found
    return yaml_text.locate(document.text, pointer)


def read_bytes(path: Path, name: str) -> bytes:
    """What a file holds, MAX_BYTES and one at most.

    Raises:
        FileUnreadable: the file is missing, a folder, or may not be read.

    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        message = f"{name} does not exist"
        raise FileUnreadable(message) from error
    except IsADirectoryError as error:
        message = f"{name} is a folder, not a file"
        raise FileUnreadable(message) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = f"{name} cannot be read: {reason or error}"
        raise FileUnreadable(message) from error


def _starts_like_json(text: str) -> bool:
    return text.lstrip()[:1] in {"{", "["}


def _parse(text: str, path: Path) -> Parsed:
    """JSON by suffix or first character; a flow mapping in a `.yaml` file starts like JSON but is none."""
    is_json_file = path.suffix.lower() == ".json"
    if not (is_json_file or _starts_like_json(text)):
        return yaml_text.parse(text)
    parsed = json_text.parse(text)
    if is_json_file or not any(fault.code is codes.NOT_YAML_OR_JSON for fault in parsed.faults):
        return parsed
    as_yaml = yaml_text.parse(text)
    return parsed if any(fault.code.severity is Severity.ERROR for fault in as_yaml.faults) else as_yaml
