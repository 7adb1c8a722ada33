"""Whom listeners believe about clients' addresses."""

from __future__ import annotations

from typing import Any

import pytest

from gateline.model.client_address import ClientAddress

from .balancers import errors_of, gateway_of, http, listener_of, listening, project
from .conftest import LoadProject

PUBLIC: dict[str, Any] = {"scheme": "internet-facing"}
TRUSTED: dict[str, Any] = {"trusted_proxies": ["10.0.0.0/8"]}
PROXY: dict[str, Any] = {"proxy_protocol": True}
NETWORK: dict[str, Any] = {**PUBLIC, "type": "network"}


def flows(protocol: str, **keys: object) -> dict[str, Any]:
    forward = [{"type": "forward", "target_group": "flows"}]
    return {"protocol": protocol, "port": 80, "default_actions": forward, **keys}


def groups(protocol: str) -> dict[str, Any]:
    return {"flows": {"protocol": protocol, "targets": ["10.0.3.7:9000"]}}


@pytest.mark.parametrize("keys", [TRUSTED, PROXY, {**TRUSTED, **PROXY}])
def test_an_application_listener_takes_both(load_project: LoadProject, keys: dict[str, Any]) -> None:
    made = listener_of(load_project, listening(http(**keys), balancer=PUBLIC)).client_address
    assert made == ClientAddress(
        proxy_protocol="proxy_protocol" in keys, trusted_proxies=tuple(keys.get("trusted_proxies", ()))
    )


def test_a_tcp_listener_takes_proxy_headers_of_trusted_proxies(load_project: LoadProject) -> None:
    text = listening(flows("TCP", **TRUSTED, **PROXY), balancer=NETWORK, target_groups=groups("TCP"))
    made = listener_of(load_project, text).client_address
    assert made == ClientAddress(proxy_protocol=True, trusted_proxies=("10.0.0.0/8",))


@pytest.mark.parametrize(
    ("listener", "balancer", "protocol", "told"),
    [
        (http(**PROXY), {}, "TCP", "proxy_protocol cannot hold here: an internal balancer opens no socket"),
        (
            http(**TRUSTED),
            {},
            "TCP",
            "trusted_proxies cannot hold here: an internal balancer opens no socket",
        ),
        (flows("UDP", **PROXY), NETWORK, "UDP", "datagrams have no connection"),
        (flows("TCP_UDP", **PROXY), NETWORK, "TCP_UDP", "datagrams have no connection"),
        (flows("TCP", **TRUSTED), NETWORK, "TCP", "nobody reads headers at a network balancer"),
    ],
)
def test_where_it_cannot_hold_it_is_refused(
    load_project: LoadProject,
    listener: dict[str, Any],
    balancer: dict[str, Any],
    protocol: str,
    told: str,
) -> None:
    more = {} if not balancer else {"target_groups": groups(protocol)}
    [error] = errors_of(load_project, listening(listener, balancer=balancer, **more))
    assert error.startswith("GL258 /load_balancers/b/listeners/0/")
    assert told in error


def test_proxies_are_counted_or_named(load_project: LoadProject) -> None:
    [error] = errors_of(load_project, project(gateway={"trusted_hops": 1, **TRUSTED}))
    assert error.startswith("GL207 /gateway: ")
    assert gateway_of(load_project, project(gateway={"trusted_hops": 1})).edge.trusted_hops == 1
