"""A function's code and layers as folders that its process can read.

Folders are used where they lie; a single file means its folder; a zip is unpacked below the pool's own scratch
folder, never outside of it, and goes with it.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from gateline.model.function import Function
from gateline.processes.isolation import uid_of

LARGEST: Final = 250 * 1024 * 1024
"""Bytes of one unpacked archive: Lambda's quota for code and layers together."""

MOST_ENTRIES: Final = 100_000

_PIECE: Final = 1024 * 1024
_ODD: Final = re.compile(r"[^A-Za-z0-9_.-]")


class Unstageable(Exception):
    """The code or a layer is missing, or is an archive that is not unpacked; the message is for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """Where a function's parts are."""

    folder: Path  # a scratch folder of this staging alone
    code: Path  # LAMBDA_TASK_ROOT
    layers: tuple[Path, ...]  # each looks as it would in /opt; a later one hides an earlier one

    def discard(self) -> None:
        """Remove what was unpacked."""
        shutil.rmtree(self.folder, ignore_errors=True)


def stage(function: Function, scratch: Path) -> Staged:
    """Make code and layers readable folders. Reads and writes files: call it in a thread.

    Raises:
        Unstageable: something is missing or is no archive that is safe to unpack; nothing is left behind.

    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=_ODD.sub("_", function.name) + "-", dir=scratch))
    except OSError as error:
        raise Unstageable(str(error)) from error
    if os.geteuid() == 0:  # for the function's own user, and for no other function's
        os.chown(folder, -1, uid_of(scratch, function.name))
        folder.chmod(0o750)
    try:
        return Staged(
            folder=folder,
            code=_folder_of(Path(function.code), folder / "code"),
            layers=tuple(
                _folder_of(Path(layer), folder / f"layer{number}")
                for number, layer in enumerate(function.layers)
            ),
        )
    except (OSError, zipfile.BadZipFile, RuntimeError, ValueError, Unstageable) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Unstageable(str(error)) from error


def _folder_of(path: Path, unpacked: Path) -> Path:
    if path.is_dir():
        return path
    if not path.exists():
        message = f"{path} does not exist"
        raise Unstageable(message)
    if path.suffix.lower() != ".zip":
        return path.parent
    unpack(path, unpacked)
    return unpacked


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip into a new folder, all of it below that folder.

    Files first, links last, so that nothing is ever written through a link; a link that leads out of the
    folder, however indirectly, is refused.

    Raises:
        Unstageable: an entry would leave the folder, is no file, or all together are too large.

    """
    folder.mkdir()
    with zipfile.ZipFile(archive) as opened:
        entries = opened.infolist()
        if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > LARGEST:
            message = f"{archive} holds more than {MOST_ENTRIES} entries or {LARGEST} bytes"
            raise Unstageable(message)
        links = [entry for entry in entries if stat.S_ISLNK(_mode(entry))]
        for entry in entries:
            if entry not in links:
                _write(opened, entry, _place(folder, entry, archive))
        places = [_place(folder, entry, archive) for entry in links]
        root = os.path.realpath(folder)
        for entry, place in zip(links, places, strict=True):
            _below(root, place.parent, place, archive)  # a link made before may stand in the way
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(os.fsdecode(opened.read(entry)))
    for place in places:
        _below(root, place, place, archive)


def _below(root: str, path: Path, link: Path, archive: Path) -> None:
    """Refuse a link when this path, all links followed, does not lie below the root."""
    if not Path(os.path.realpath(path)).is_relative_to(root):
        message = f"{archive}: the link {link.name} leads out of the archive"
        raise Unstageable(message)


def _mode(entry: zipfile.ZipInfo) -> int:
    return entry.external_attr >> 16


def _place(folder: Path, entry: zipfile.ZipInfo, archive: Path) -> Path:
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    kind = stat.S_IFMT(_mode(entry))
    if name.is_absolute() or ".." in name.parts or kind not in {0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}:
        message = (
            f"{archive}: the entry {entry.filename!r} is not unpacked: it leaves the folder, or is no file"
        )
        raise Unstageable(message)
    return folder / name


def _write(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path) -> None:
    if entry.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(entry) as source, place.open("xb") as target:
        shutil.copyfileobj(source, target, _PIECE)  # zipfile gives no more than the size that was summed up
    place.chmod(0o755 if _mode(entry) & 0o111 else 0o644)
