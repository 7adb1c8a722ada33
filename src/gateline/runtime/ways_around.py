"""Ways around authorizers: balancers of the internet that lead where guarded methods lead, without asking who calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from gateline.compile.binding import bindable, listener_name
from gateline.compile.resources import RouteRow
from gateline.model.authorizer import AuthorizationType
from gateline.model.gateway import Gateway
from gateline.model.integration import PLACEHOLDER
from gateline.model.load_balancer import FixedResponse, Forward, Listener, ListenerProtocol, Scheme
from gateline.runtime.listening import reachable

_ASKED: Final = (ListenerProtocol.HTTP, ListenerProtocol.HTTPS, ListenerProtocol.TCP)


def ways_around(gateway: Gateway, routes: Iterable[RouteRow], stand_in: str) -> Iterator[dict[str, Any]]:
    """Each listener that leads to target groups of guarded methods, with the paths that these ask for there.

    Args:
        gateway: what serves.
        routes: its routes, which know the target groups of methods.
        stand_in: stands for parameters of paths.

    """
    paths: dict[str, dict[str, None]] = {}
    for row in routes:
        if row.api_key or row.authorization != AuthorizationType.NONE.value:
            path = PLACEHOLDER.sub(stand_in, urlsplit(row.target).path) or "/"
            for group in row.target_groups:
                paths.setdefault(group, {})[path] = None
    for balancer in gateway.load_balancers:
        for listener in balancer.listeners if balancer.scheme is Scheme.INTERNET_FACING else ():
            groups = sorted(_groups(listener) & paths.keys())
            if groups and listener.protocol in _ASKED:
                yield {
                    "name": listener_name(balancer, listener, listener.protocol),
                    "host": reachable(bindable(listener.address)),
                    "port": listener.bind_port,
                    "protocol": listener.protocol.value,
                    "groups": groups,
                    "paths": list(dict.fromkeys(path for group in groups for path in paths[group])),
                    "answers": any(_is_welcome(rule.action) for rule in listener.rules),
                }


def _groups(listener: Listener) -> set[str]:
    actions = [rule.action for rule in listener.rules]
    return {group.name for action in actions if isinstance(action, Forward) for group in action.target_groups}


def _is_welcome(action: object) -> bool:
    """Whether the balancer itself answers as an application would."""
    return isinstance(action, FixedResponse) and 200 <= action.status_code <= 299
