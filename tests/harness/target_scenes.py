"""Scenes with target groups: the pieces that all of them begin with."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from gateline.model.origin import Origin
from gateline.model.target_group import Algorithm, HealthCheck, Registration, Target, TargetGroup
from golden.self_signed import self_signed
from harness.free_port import free_port
from harness.health_checked_target import CHECK_PATH
from harness.health_checked_target import Target as Backend
from harness.target_bench import TargetBench, target_bench

PLACE: Final = Origin("gateline.yaml")
OFTEN: Final = HealthCheck(
    path=CHECK_PATH, interval=timedelta(milliseconds=20), timeout=timedelta(seconds=20)
)
RARELY: Final = replace(OFTEN, interval=timedelta(hours=1))
"""Asked once, when a target appears, and not again during a test."""
HOST: Final = "orders.internal"
NOBODY: Final = (503, "no healthy upstream")

Scene = Callable[[TargetBench, AsyncExitStack], Coroutine[Any, Any, None]]
Play = Callable[[Scene], None]


def play_in(folder: Path, scene: Scene) -> None:
    """Play a scene on a bench; what it opens is closed afterwards."""

    async def perform() -> None:
        async with target_bench(folder, free_port()) as bench, AsyncExitStack() as opened:
            await scene(bench, opened)

    asyncio.run(perform())


def group(
    *backends: Backend, check: HealthCheck = RARELY, algorithm: Algorithm = Algorithm.ROUND_ROBIN
) -> TargetGroup:
    """The target group `g` of these backends."""
    targets = tuple(Target(host=each.host, port=each.port, origin=PLACE) for each in backends)
    return TargetGroup(name="g", health_check=check, algorithm=algorithm, targets=targets, origin=PLACE)


def place(backend: Backend) -> str:
    return f"{backend.host}:{backend.port}"


def task(backend: Backend, *, draining: bool = False) -> Registration:
    """A backend as a task of a service."""
    return Registration("g", address=backend.host, port=backend.port, draining=draining)


async def serving(opened: AsyncExitStack, *backends: Backend) -> tuple[Backend, ...]:
    for each in backends:
        await opened.enter_async_context(each.serve())
    return backends


def speaking_tls(folder: Path) -> ssl.SSLContext:
    """TLS as a server that shows the certificate of `orders.internal`."""
    pair = self_signed(HOST)
    file = folder / "pair.pem"
    file.write_bytes(pair.certificate + pair.private_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
