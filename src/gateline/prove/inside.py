"""What can be seen without connecting: rights of files, users of processes, secrets in their words, methods for all."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gateline.prove.attempt import Finding, Verdict
from gateline.prove.backend import Backend
from gateline.prove.machine import ABSTRACT, looser_than_ours, who_else_enters

HERE: Final = "this host"

OWN: Final = "the gateway's sockets and files"

_BY_RIGHTS: Final = "rights"
_CHANGES_NOTHING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def rights(inventory: Mapping[str, Any], backends: Sequence[Backend]) -> Iterator[Finding]:
    """Who but the gateway's user may open its sockets and files, and those of tasks."""
    for socket in inventory["sockets"]:
        yield _checked(OWN, f"socket: {socket['name']}", Path(socket["path"]), looser_than_ours)
    for private in inventory["private"]:
        path = Path(private["path"])
        if private["kind"] == "state":
            yield _checked(OWN, "state directory", path, looser_than_ours)
        else:
            yield _checked("secrets", "files with secrets", path, who_else_enters)
    for backend in backends:
        if backend.socket and not backend.socket.startswith(ABSTRACT):
            yield _checked(backend.group, backend.subject, Path(backend.socket), who_else_enters)


def _checked(group: str, subject: str, path: Path, check: Any) -> Finding:  # noqa: ANN401
    try:
        why = check(path)
        verdict = Verdict.OPEN if why else Verdict.CLOSED
        detail = why or f"mode {stat.S_IMODE(path.lstat().st_mode):04o}"
    except OSError as error:
        verdict, detail = Verdict.NOT_TRIED, error.strerror or str(error)
    return Finding(
        group=group,
        subject=subject,
        place=str(path),
        point=HERE,
        means=_BY_RIGHTS,
        verdict=verdict,
        detail=detail,
    )


def users(inventory: Mapping[str, Any], functions: Mapping[str, Collection[int]]) -> Iterator[Finding]:
    """Which tasks and functions share the gateway's user, and so could read what is its alone.

    Args:
        inventory: names them.
        functions: the users of the processes of each function that runs.

    """
    for task in inventory["tasks"]:
        verdict, detail = _isolation({task["uid"]} - {None}, inventory["uid"])
        yield _user(f"task {task['service']}/{task['id']}", f"process {task['pid']}", verdict, detail)
    for name in inventory["functions"]:
        verdict, detail = _isolation(functions.get(name, ()), inventory["uid"])
        yield _user(f"function {name}", "its processes", verdict, detail)


def _user(subject: str, place: str, verdict: Verdict, detail: str) -> Finding:
    return Finding(
        group="users of processes",
        subject=subject,
        place=place,
        point=HERE,
        means="user",
        verdict=verdict,
        detail=detail,
    )


def _isolation(found: Collection[int], gateway: int) -> tuple[Verdict, str]:
    if not found:
        return Verdict.NOT_TRIED, "no process of it is seen"
    if gateway in found:
        return Verdict.NOT_ISOLATED, f"user {gateway}, as the gateway"
    return Verdict.CLOSED, "a user of its own"


def exposures(inventory: Mapping[str, Any]) -> Iterator[Finding]:
    """Secrets in the words of processes, which everybody may read, and in environments of other users."""
    for each in inventory["exposed"] or ():
        yield Finding(
            group="secrets",
            subject=f"secret {each['secret']}",
            place=f"process {each['pid']}",
            point=HERE,
            means=f"{each['where']} of processes",
            verdict=Verdict.OPEN,
            detail=f"in the {each['where']} of a process of user {each['uid']}",
        )
    if not inventory["exposed"]:
        root = inventory["uid"] == 0
        yield Finding(
            group="secrets",
            subject="secrets",
            place="all processes" if root else "processes that this user sees",
            point=HERE,
            means="words and environments of processes",
            verdict=Verdict.NOT_TRIED if inventory["exposed"] is None else Verdict.CLOSED,
            detail="the system does not tell"
            if inventory["exposed"] is None
            else "no value of a secret stands there",
        )


def unguarded(inventory: Mapping[str, Any], public: Collection[str]) -> Iterator[Finding]:
    """Methods that nobody guards, beside ones of the same path that are guarded; and those that are for all.

    `public`: what somebody has said is meant so, as "API/STAGE VERB PATH".
    """
    beside = {(each["api"], each["path"]): each for each in inventory["guarded"]}
    for method in inventory["unguarded"]:
        if method["integration"] == "mock":
            continue
        name = f"{method['api']}/{method['stage']} {method['method']} {method['path']}"
        other = beside.get((method["api"], method["path"]))
        is_open = other is not None and name not in public
        yield Finding(
            group=f"unguarded methods of {method['api']}/{method['stage']}",
            subject=name,
            place=f"{method['prefix']}{method['target']}",
            point="the definition",
            means="authorizer",
            verdict=Verdict.OPEN if is_open else Verdict.SERVES,
            detail=f"none, while {other['method']} has {other['guard']}"
            if is_open and other
            else "for everybody",
        )


def uncalled(inventory: Mapping[str, Any]) -> Iterator[Finding]:
    """Guarded methods that may change something, and so were not called."""
    for method in inventory["guarded"]:
        if method["method"] not in {*_CHANGES_NOTHING, "ANY"}:
            yield Finding(
                group=f"guarded methods of {method['api']}/{method['stage']}",
                subject=f"{method['api']}/{method['stage']} {method['method']} {method['path']}",
                place=f"{method['prefix']}{method['target']}",
                point="through the gateway",
                means="no credentials",
                verdict=Verdict.NOT_TRIED,
                detail=f"a {method['method']} may change something",
            )
