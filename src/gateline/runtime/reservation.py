"""Ports that stay ours over the end of control: Envoy goes on to listen there, and nobody else comes between."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack, ExitStack

from gateline.compile.binding import Binding, bindings, link_bindings
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import ListenerProtocol
from gateline.runtime.listening import reserve, reserve_datagrams
from gateline.runtime.processes import Processes


def reserve_for(
    processes: Processes, name: str, address: str, port: int, *, another: str = "--port N"
) -> tuple[int, socket.socket | None]:
    """Make sure that Envoy can open this port, or goes on to have it open; see `gateline.runtime.listening.reserve`.

    Args:
        processes: holds it over the end of control.
        name: what it is for, no two the same.
        address: where.
        port: which; 0: the one that a former control picked, or a free one.
        another: what chooses another port, for the message when this one cannot be had.

    Raises:
        AddressInUse: somebody else listens there.
        GatelineError: the address is not one of this machine, or the port needs a right that we lack.

    """
    key = f"port/{name}"
    before = processes.recall(key)
    kept_handle = processes.held(key)
    kept = socket.socket(fileno=kept_handle) if kept_handle is not None else None
    if before is not None:
        former_address, _, former_port = before.rpartition(" ")
        if former_address == address and port in {0, int(former_port)}:
            return int(former_port), kept
    if kept is not None:
        kept.close()
    found, reserved = reserve(address, port, another=another)
    processes.remember(key, f"{address} {found}")
    if reserved is not None:
        processes.hold(key, reserved.fileno())
    return found, reserved


def reserve_balancers(processes: Processes, gateway: Gateway, opened: ExitStack | AsyncExitStack) -> None:
    """Make sure that Envoy can open the sockets of balancers of the internet, and of links.

    `opened` keeps those of connections.

    Raises:
        AddressInUse: somebody else listens there.
        GatelineError: an address is not one of this machine, or a port needs a right that we lack.

    """
    for each in (*bindings(gateway), *link_bindings(gateway)):
        if each.protocol is ListenerProtocol.UDP:
            _check_datagrams(processes, each)
            continue
        _, kept = reserve_for(processes, each.name, each.address, each.port, another="`bind`")
        if kept is not None:
            opened.enter_context(kept)


def _check_datagrams(processes: Processes, binding: Binding) -> None:
    key, place = f"port/{binding.name}", f"{binding.address} {binding.port}"
    if processes.recall(key) != place:  # else Envoy has it, or is about to
        reserve_datagrams(binding.address, binding.port, another="`bind`")
        processes.remember(key, place)
