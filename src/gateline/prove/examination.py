"""The examination: every vantage point that exists, every attempt that is made from it, in two rounds.

First it is asked at every address whether a connection is taken; then, where one is, all ways to be let in are tried.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final

from gateline.prove import around_authorizers, entrance, inside
from gateline.prove.attempt import Attempt, Finding, Kind, Point, Verdict
from gateline.prove.backend import UNKNOWN, Backend, Claims, Forgeries, attempts, knock, secrets_of
from gateline.prove.dial_in import exports
from gateline.prove.machine import (
    ABSTRACT,
    Listener,
    addresses,
    descendants,
    families,
    function_users,
    is_ours,
    listeners,
    listens_at,
    relatives,
    unix_listeners,
)
from gateline.prove.network import another_network
from gateline.prove.probing import tried, untried

ANOTHER_USER: Final = "another user"
THROUGH: Final = "through the gateway"
NOBODY: Final = 65534
MOST_USERS: Final = 8

_DATAGRAMS: Final = frozenset({"UDP"})
_SILENCE: Final = "UDP: an open port and a closed one are silent alike"


def examine(
    inventory: Mapping[str, Any], forgeries: Forgeries, public: Collection[str] = ()
) -> list[Finding]:
    """Try everything of a running project. Blocks, for seconds.

    Args:
        inventory: what the gateway tells of itself (`gateline.runtime.inventory`).
        forgeries: what is nearly the gateway's proof.
        public: methods without an authorizer that are meant so, as "API/STAGE VERB PATH".

    """
    own = addresses()
    backends = found_backends(inventory)
    claims = Claims(
        headers=inventory["headers"],
        paths=inventory["backend_paths"],
        names=inventory["backend_names"],
        forgeries=forgeries,
        project=str(inventory["project"]),
    )
    here = Point(name=inside.HERE, addresses=own)
    findings: list[Finding] = []
    with ExitStack() as stack:
        elsewhere = stack.enter_context(another_network(own))
        findings += _around(backends, claims, here, elsewhere)
        findings += _doors(inventory, [here, elsewhere])
    findings += _sockets(inventory, backends, claims)
    findings += around_authorizers.told(tried(here, list(around_authorizers.attempts(inventory))))
    through = tried(replace(here, name=THROUGH), list(entrance.attempts(inventory)))
    findings += _answered([*through, *tried(here, forgeries.dial_ins)], Verdict.ABSENT)
    findings += exports(inventory)
    findings += inside.uncalled(inventory)
    findings += inside.unguarded(inventory, public)
    findings += inside.rights(inventory, backends)
    findings += inside.users(inventory, function_users(inventory["pids"].get("host")))
    findings += inside.exposures(inventory)
    findings += _untold(inventory, forgeries)
    return findings


def found_backends(inventory: Mapping[str, Any]) -> list[Backend]:
    """Tasks and static targets, and what else tasks listen at: debuggers, metrics, ports and Unix sockets."""
    all_listeners, children = listeners(), families()
    found = []
    for task in inventory["tasks"]:
        group_name = f"service {task['service']}"
        named = f"task {task['service']}/{task['id']}"
        group = inventory["groups"].get(task["target_group"], {})
        common = {"pid": task["pid"], "uid": task["uid"], "healthy": task["healthy"]}
        if task["port"] or task["socket"]:
            found.append(
                Backend(
                    group=group_name,
                    subject=named,
                    hosts=(task["address"],) if task["port"] else (),
                    port=task["port"],
                    socket=task["socket"],
                    **common,
                    **_spoken(group),
                )
            )
        family = relatives(task["pid"], children)
        mine = listens_at(family, all_listeners) or ()
        ports = {each.port for each in mine} - {task["port"]}
        found += [
            Backend(
                group=group_name,
                subject=f"{named}, another port",
                port=port,
                hosts=_hosts(mine, port),
                protocol=UNKNOWN,
                **common,
            )
            for port in sorted(ports)
        ]
        sockets = {each.path for each in listens_at(family, unix_listeners()) or ()} - {task["socket"]}
        found += [
            Backend(
                group=group_name, subject=f"{named}, another socket", socket=path, protocol=UNKNOWN, **common
            )
            for path in sorted(sockets)
            if path.startswith(("/", ABSTRACT))
        ]
    found += _own_ports(inventory, all_listeners)
    for target in inventory["targets"]:
        group = inventory["groups"].get(target["target_group"], {})
        hosts = _resolved(target["host"], target["port"])
        found.append(
            Backend(
                group=f"targets of {target['target_group']}",
                subject=f"target {target['target_group']} {target['host']}:{target['port']}",
                hosts=hosts,
                port=target["port"],
                healthy=target["healthy"],
                is_remote=not hosts or not all(is_ours(host, addresses()) for host in hosts),
                **_spoken(group),
            )
        )
    return found


def _own_ports(inventory: Mapping[str, Any], among: Sequence[Listener]) -> Iterator[Backend]:
    """What the gateway's own processes listen at without telling of it: an admin interface, a debugger."""
    named = {each["port"] for each in inventory["listeners"]}
    children = families()
    for role, pid in inventory["pids"].items():
        if isinstance(pid, int):
            # The host has started the functions. Of others' children tasks are told already.
            pids = descendants(pid, children) if role == "host" else [pid]
            mine = listens_at(pids, among) or ()
            for port in sorted({each.port for each in mine} - named):
                hosts = _hosts(mine, port)
                subject = f"process {role}, another port"
                yield Backend(
                    group=entrance.DOORS, subject=subject, port=port, hosts=hosts, protocol=UNKNOWN, pid=pid
                )


def _hosts(mine: Iterable[Listener], port: int) -> tuple[str, ...]:
    return tuple(
        sorted({"127.0.0.1" if each.is_wildcard else each.address for each in mine if each.port == port})
    )


def _spoken(group: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "protocol": str(group.get("protocol", "HTTP")),
        "proxy_protocol": bool(group.get("proxy_protocol_v2")),
        "health_path": str(group.get("health_path", ""))
        if "HTTP" in group.get("health_protocol", "")
        else "",
    }


def _resolved(host: str, port: int) -> tuple[str, ...]:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))


def _around(backends: Sequence[Backend], claims: Claims, here: Point, elsewhere: Point) -> Iterator[Finding]:
    """What stands behind the gateway, at every address of the machine, and static targets where they are."""
    for each in backends:
        if each.protocol in _DATAGRAMS:
            yield untried(replace(knock(each, ""), place=str(each.port)), here.name, _SILENCE)
    streams = [each for each in backends if each.port and each.protocol not in _DATAGRAMS]
    local = [each for each in streams if not each.is_remote]
    remote = [each for each in streams if each.is_remote]
    near = {each.subject: tuple(dict.fromkeys((*each.hosts, *here.addresses))) for each in local}
    found = list(_in_two_rounds([(each, near[each.subject]) for each in local], claims, here))
    yield from found
    awake = {each.subject for each in found if each.verdict not in {Verdict.NOT_TRIED, Verdict.ABSENT}}
    reached = [(each, elsewhere.addresses) for each in local if each.subject in awake]
    yield from _in_two_rounds(reached, claims, elsewhere)
    for each in remote:
        if not each.hosts:
            yield untried(
                replace(knock(each, ""), place=each.subject),
                here.name,
                "its name has no address",
                Verdict.ABSENT,
            )
    yield from _in_two_rounds([(each, each.hosts) for each in remote], claims, here)


def _in_two_rounds(
    wanted: Sequence[tuple[Backend, Sequence[str]]], claims: Claims, point: Point
) -> Iterator[Finding]:
    """Knock at all addresses; then try everything where a connection was taken. Nobody there at all: not tried."""
    if point.why_not:
        for backend, _ in wanted:
            yield untried(replace(knock(backend, ""), place="its addresses"), point.name, point.why_not)
        return
    knocks = [(backend, host, knock(backend, host)) for backend, hosts in wanted for host in hosts]
    seen = tried(point, [attempt for _, _, attempt in knocks])
    opened = [
        (backend, host) for (backend, host, _), each in zip(knocks, seen, strict=True) if _is_there(each)
    ]
    answering = {backend.subject for backend, _ in opened}
    for (backend, _, attempt), each in zip(knocks, seen, strict=True):
        if not _is_there(each):
            # From here the gateway itself would not get through: that it is closed to others shows nothing.
            asleep = point.name == inside.HERE and backend.subject not in answering
            why = f"nobody answers there now: {each.detail}"
            yield untried(attempt, point.name, why, Verdict.ABSENT) if asleep else each
    attempted = [each for backend, host in opened for each in attempts(backend, host, claims)]
    yield from _answered(tried(point, attempted), Verdict.NOT_TRIED)


def _answered(findings: Iterable[Finding], instead: Verdict) -> Iterator[Finding]:
    """What was found where somebody must listen: a connection that fails there shows nothing."""
    for each in findings:
        yield replace(each, verdict=instead) if each.verdict is Verdict.CLOSED else each


def _is_there(knocked: Finding) -> bool:
    return knocked.verdict in {Verdict.OPEN, Verdict.REFUSED}


def _doors(inventory: Mapping[str, Any], points: Iterable[Point]) -> Iterator[Finding]:
    """Who can reach the gateway, and by which names."""
    tcp = [each for each in inventory["listeners"] if each["protocol"] not in _DATAGRAMS]
    for point in points:
        if point.why_not:
            for each in entrance.doors(tcp, ("its addresses",)):
                yield untried(each, point.name, point.why_not)
        else:
            yield from tried(point, list(entrance.doors(tcp, point.addresses)))
    for each in entrance.doors(
        [each for each in inventory["listeners"] if each["protocol"] in _DATAGRAMS], ("its addresses",)
    ):
        yield untried(each, inside.HERE, _SILENCE)


def _sockets(inventory: Mapping[str, Any], backends: Sequence[Backend], claims: Claims) -> Iterator[Finding]:
    """Unix sockets, as other users: a stranger, and the users of services."""
    own = [
        Attempt(
            group=inside.OWN,
            subject=f"socket: {each['name']}",
            place=each["path"],
            means="connection",
            kind=Kind.SOCKET,
            wire={"path": each["path"], "knock": True},
        )
        for each in inventory["sockets"]
    ]
    for point in _other_users(inventory):
        yield from tried(point, own)
        theirs = [(each, ("",)) for each in backends if each.socket and each.uid != point.uid]
        yield from _in_two_rounds(theirs, claims, point)


def _other_users(inventory: Mapping[str, Any]) -> Iterator[Point]:
    if os.geteuid() != 0:
        yield Point(name=ANOTHER_USER, why_not="only root can become another user")
        return
    yield Point(name=ANOTHER_USER, uid=NOBODY)
    users = {task["uid"]: task["service"] for task in reversed(inventory["tasks"])}
    for uid, service in list(users.items())[:MOST_USERS]:
        if uid not in {None, 0, inventory["uid"]}:
            yield Point(name=f"the user of {service}", uid=uid)


def _untold(inventory: Mapping[str, Any], forgeries: Forgeries) -> Iterator[Finding]:
    """What would be tried if there were anything to try it at, or with."""
    running = {task["service"] for task in inventory["tasks"]}
    for service in inventory["services"]:
        if service not in running:
            group = f"service {service}"
            yield _not_tried(group, group, "tasks", "no task of it runs", Verdict.ABSENT)
    children, all_listeners = families(), listeners()
    for task in inventory["tasks"]:
        if listens_at(relatives(task["pid"], children), all_listeners) is None:
            subject = f"task {task['service']}/{task['id']}, another port"
            yield _not_tried(
                f"service {task['service']}", subject, "ports", "its processes do not tell theirs"
            )
    for name in secrets_of(inventory):
        if not forgeries.stale.get(name):
            why = "no value of it was replaced by `gateline secrets rotate` yet"
            yield _not_tried("secrets", f"secret {name}", "stale secret", why)


def _not_tried(
    group: str, subject: str, means: str, why: str, verdict: Verdict = Verdict.NOT_TRIED
) -> Finding:
    return Finding(
        group=group,
        subject=subject,
        place="tasks and targets",
        point=inside.HERE,
        means=means,
        verdict=verdict,
        detail=why,
    )
