"""What notices say to people, a sentence each."""

from __future__ import annotations

from typing import assert_never

from gateline.cli.render import number
from gateline.runtime.notice import (
    Complained,
    EnvoyBack,
    EnvoyCrashed,
    FunctionSaid,
    FunctionTrouble,
    HostBack,
    HostCrashed,
    Notice,
    Published,
    Remarked,
    ServiceTold,
    TargetsTold,
    TaskSaid,
    Unchanged,
)
from gateline.runtime.process import ending


def sentence(notice: Notice) -> str:
    """What a notice says to people; "" for those that are more than a sentence, or none."""
    match notice:
        case Published(seconds=seconds, routes=routes):
            return f"reloaded in {seconds * 1000:.0f} ms: {number(routes, 'route')}"
        case Unchanged():
            return "the definitions are good again, and say what is served already"
        case EnvoyCrashed(status=status, restart_in=delay, hung=hung):
            return f"Envoy {_end(status, hung)}; it is started again {_after(delay)}"
        case EnvoyBack(pid=pid):
            return f"Envoy serves again (process {pid})"
        case HostCrashed(status=status, restart_in=delay, hung=hung):
            return f"the host of functions {_end(status, hung)}; it is started again {_after(delay)}"
        case HostBack(pid=pid):
            return f"the host of functions serves again (process {pid})"
        case Remarked(text=text):
            return text
        case ServiceTold() | TargetsTold():
            about = (
                f"service {notice.service}"
                if isinstance(notice, ServiceTold)
                else f"target group {notice.target_group}"
            )
            return f"{about}: {notice.text}"
        case Complained() | FunctionSaid() | FunctionTrouble() | TaskSaid():
            return ""
        case _:
            assert_never(notice)


def _end(status: int, hung: bool) -> str:
    return "did not answer any more and was killed" if hung else f"ended ({ending(status)})"


def _after(delay: float) -> str:
    return f"in {delay:g} s" if delay else "at once"
