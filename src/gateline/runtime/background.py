"""Background tasks that end together, without wrapping the fault that ends them.

`asyncio.TaskGroup` raises a group even around the one error of its own body; whoever runs a command needs
that error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


@asynccontextmanager
async def background() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group; the body's error, or else the first one of a task, is raised as it is."""
    body: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            try:
                yield tasks
            except BaseException as error:
                body = error
                raise
    except BaseExceptionGroup as group:
        if body is not None and not isinstance(body, asyncio.CancelledError):
            raise body from None
        raise _first(group) from None


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Wait for what must not be broken off half way; a cancellation that comes meanwhile is raised afterwards."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error, however deep in groups of groups."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
