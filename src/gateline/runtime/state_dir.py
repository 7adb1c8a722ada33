"""The state directory: where sockets, generated keys and logs of one project lie, and who may use it now.

`.gateline/` beside the project file, or `--state DIR` (DESIGN section 4). Mode 0700, held by one process at a
time. A Unix socket's path has room for about a hundred bytes, so the sockets of a deeply nested project go to
a short directory of their own, which is written down so that the next run can remove it after a crash.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateline.errors import GatelineError
from gateline.runtime.processes import LocalProcesses, Processes

DEFAULT_NAME: Final = ".gateline"
LONGEST_SOCKET_PATH: Final = 100
"""Bytes. `sun_path` holds 108 on Linux and 104 on macOS, with the closing NUL."""

CONTROL_SOCKET: Final = "control.sock"
SOCKETS_RECORD: Final = "sockets.path"
_SCRATCH_RECORD: Final = "scratch.path"
_TASKS_RECORD: Final = "tasks.path"
_LONGEST_SOCKET_NAME: Final = "host-control.sock"
_SHORT_PREFIX: Final = "gateline-"
_ACCEPTED: Final = "accepted.json"
_LOCK: Final = "lock"
_SOCKETS: Final = "sockets"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDir:
    """A state directory that this process holds. `sockets` is where Unix sockets fit."""

    path: Path
    sockets: Path

    @property
    def xds_socket(self) -> Path:
        """Where control serves its Envoys."""
        return self.sockets / "xds.sock"

    @property
    def admin_socket(self) -> Path:
        """Envoy's admin interface: a Unix socket, never TCP (DESIGN section 5)."""
        return self.sockets / "admin.sock"

    @property
    def control_socket(self) -> Path:
        """Where commands that act on what runs come in (`gateline authorizers flush`)."""
        return self.sockets / CONTROL_SOCKET

    @property
    def host_socket(self) -> Path:
        """Where the host answers its Envoy."""
        return self.sockets / "host.sock"

    @property
    def enrolment_socket(self) -> Path:
        """Where nodes of tunnels ask for certificates, through Envoy."""
        return self.sockets / "enroll.sock"

    @property
    def egress_socket(self) -> Path:
        """Where Envoy takes what the host sends to backends: a Unix socket of mode 0600."""
        return self.sockets / "egress.sock"

    @property
    def host_control_socket(self) -> Path:
        """Where the host is told what to serve."""
        return self.sockets / _LONGEST_SOCKET_NAME

    @property
    def host_log(self) -> Path:
        """What the host says about itself; requests and functions' words are not in it."""
        return self.path / "host.log"

    @property
    def usage(self) -> Path:
        """What keys have used of their quotas; it outlives the run (`host/usage.py`)."""
        return self.path / "usage.db"

    @property
    def bootstrap(self) -> Path:
        """What Envoy starts with."""
        return self.path / "bootstrap.json"

    @property
    def accepted(self) -> Path:
        """What the definitions said when they were accepted last (`accepted.py`)."""
        return self.path / _ACCEPTED

    @property
    def envoy_log(self) -> Path:
        """What Envoy says about itself; requests are not in it."""
        return self.path / "envoy.log"

    @property
    def request_pipe(self) -> Path:
        """The named pipe through which Envoy tells of requests."""
        return self.path / "requests.pipe"

    def scratch_folder(self) -> Path:
        """A folder for functions' unpacked code, removed at the end, by the next run or when another one is made.

        It lies outside of the state directory: as root functions run as users of their own, who may not pass
        through here.
        """
        record = self.path / _SCRATCH_RECORD
        with suppress(OSError):  # of a host that did not come up
            _remove_short_folder(Path(record.read_text(encoding="utf-8")))
        folder = Path(tempfile.mkdtemp(prefix=_SHORT_PREFIX))
        write_private(record, str(folder).encode())
        if os.geteuid() == 0:
            folder.chmod(0o711)
        return folder

    def task_folder(self) -> Path:
        """A folder for the sockets of services' tasks, the same one for all controls of a run.

        As root tasks run as users of their own, who may not pass through the state directory.
        """
        if os.geteuid() != 0:
            return self.sockets
        record = self.path / _TASKS_RECORD
        with suppress(OSError):
            folder = Path(record.read_text(encoding="utf-8"))
            # Cleaners of /tmp remove folders, and then its name is there for everybody to take.
            if _is_short_folder_of_ours(folder):
                return folder
        folder = Path(tempfile.mkdtemp(prefix=_SHORT_PREFIX))
        write_private(record, str(folder).encode())
        folder.chmod(0o711)
        return folder

    def missing(self) -> Path | None:
        """What somebody has removed of it, though a run cannot do without."""
        needed = (self.path, self.sockets, self.bootstrap, self.xds_socket)
        return next((each for each in needed if not each.exists()), None)

    def private_folder(self, name: str) -> Path:
        """A folder of mode 0700 in here, made if it is missing."""
        folder = self.path / name
        own_folder(folder)
        return folder


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only this user may read, whole or not at all, also over a loss of power."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp's mode is 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)  # else the name may be there before the content is
        Path(temporary).replace(path)
        _sync_names(path.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _sync_names(folder: Path) -> None:
    """Let what a folder holds be on the disk, where it can be said of folders."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def hold_state_dir(
    project_folder: Path, chosen: Path | None, environ: Mapping[str, str], processes: Processes | None = None
) -> Iterator[StateDir]:
    """Open (or make) the state directory and keep it for this process; what a crashed run left is removed.

    Behind a house it is kept for that, with what is used by processes that outlive us.

    Raises:
        GatelineError: it is not ours, cannot be made, or another process holds it.

    """
    path = (chosen.expanduser() if chosen else project_folder / DEFAULT_NAME).absolute()
    own_folder(path, follow=chosen is not None)
    _keep_out_of_version_control(path)
    keeper = processes or LocalProcesses()
    lock = keeper.held(_LOCK)
    if (
        lock and not (path / _LOCK).exists()
    ):  # removed while it was held: who comes now would hold another file
        os.close(lock)
        lock = None
    lock = lock or _lock(path, keeper)
    try:
        sockets = Path(keeper.recall(_SOCKETS) or "")
        if keeper.has_served:
            _make_again(path, sockets)
        else:
            _remove_leftovers(path)
            sockets = _socket_folder(path, environ)
            keeper.remember(_SOCKETS, str(sockets))
        try:
            yield StateDir(path=path, sockets=sockets)
        except BaseException as error:
            if not keeper.outlives(error):
                _remove_leftovers(path)
            raise
        _remove_leftovers(path)
    finally:
        os.close(lock)


def own_folder(path: Path, *, follow: bool = False) -> None:
    """Make the folder, or check that it is a folder of ours, and take everybody else's rights away."""
    try:
        path.mkdir(mode=0o700, parents=follow, exist_ok=True)
        flags = os.O_RDONLY | os.O_DIRECTORY | (0 if follow else os.O_NOFOLLOW)
        folder = os.open(path, flags)
    except OSError as error:
        message = f"cannot use {path} as a state directory: {error.strerror}; choose another with --state DIR"
        raise GatelineError(message) from error
    try:
        found = os.fstat(folder)
        if found.st_uid != os.geteuid():
            message = (
                f"{path} belongs to user {found.st_uid}, not to this user: "
                "Gateline keeps keys there; choose another with --state DIR"
            )
            raise GatelineError(message)
        if found.st_mode & stat.S_ISVTX:  # as root even /tmp belongs to us, and would be closed to all others
            message = f"{path} is a folder that users share; name one inside of it with --state DIR"
            raise GatelineError(message)
        if stat.S_IMODE(found.st_mode) != 0o700:
            os.fchmod(folder, 0o700)
    finally:
        os.close(folder)


def _keep_out_of_version_control(path: Path) -> None:
    ignore = path / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def _lock(path: Path, processes: Processes) -> int:
    """Hold the directory's lock; the kernel frees it when all who hold it have ended, however they end."""
    lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip()
        os.close(lock)
        who = f"process {holder}" if holder.isdigit() else "another process"
        message = (
            f"Gateline already runs this project ({who} holds {path}): "
            "stop it first, or give this run a state directory of its own with --state DIR"
        )
        raise GatelineError(message) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{processes.root}\n".encode("ascii"), 0)
    processes.hold(_LOCK, lock)
    return lock


def _remove_leftovers(path: Path) -> None:
    """Remove the sockets, pipes, the bootstrap and the accepted texts of a run that is over."""
    for record in (path / SOCKETS_RECORD, path / _SCRATCH_RECORD, path / _TASKS_RECORD):
        with suppress(OSError):
            _remove_short_folder(Path(record.read_text(encoding="utf-8")))
        record.unlink(missing_ok=True)
    shutil.rmtree(path / "sockets", ignore_errors=True)
    for name in ("bootstrap.json", "requests.pipe", _ACCEPTED):
        (path / name).unlink(missing_ok=True)


def _remove_short_folder(folder: Path) -> None:
    """Remove a folder that a former run wrote down, if it is still ours and looks like one of ours."""
    if _is_short_folder_of_ours(folder):
        shutil.rmtree(folder, ignore_errors=True)


def _is_short_folder_of_ours(folder: Path) -> bool:
    found = folder.lstat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return is_ours and folder.name.startswith(_SHORT_PREFIX)


def _socket_folder(path: Path, environ: Mapping[str, str]) -> Path:
    inside = path / "sockets"
    if _fits(inside):
        own_folder(inside)
        return inside
    last_resort = "/tmp"  # noqa: S108 - mkdtemp makes a folder of ours alone
    for place in (environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), last_resort):
        with suppress(OSError):
            if place and _fits(Path(place, _SHORT_PREFIX + "12345678")):
                short = Path(tempfile.mkdtemp(prefix=_SHORT_PREFIX, dir=place))  # mode 0700
                write_private(path / SOCKETS_RECORD, str(short).encode())
                return short
    message = (
        f"{path} is too deep for Unix sockets, and no temporary directory can be written: use --state DIR"
    )
    raise GatelineError(message)


def _make_again(path: Path, sockets: Path) -> None:
    """Have the folder of a former control's sockets, should somebody have removed it."""
    own_folder(sockets)
    if sockets.parent != path:
        write_private(path / SOCKETS_RECORD, str(sockets).encode())


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / _LONGEST_SOCKET_NAME)) <= LONGEST_SOCKET_PATH
