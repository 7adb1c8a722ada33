"""The service: all that one host does, and its configuration, which changes while it does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from gateline.functions.speech import Tell
from gateline.host import authorize, invoke
from gateline.host.decisions import Decisions, now_ms
from gateline.host.directory import Directory, beginning
from gateline.host.keys import Keys, Leases
from gateline.model.function import Function
from gateline.model.hosting import HostConfiguration


class Functions(authorize.Functions, Protocol):
    """What of `gateline.functions.catalogue.Functions` the host uses."""

    async def configure(self, functions: tuple[Function, ...], revisions: Mapping[str, str]) -> None:
        """Run these functions from now on."""


class Service:
    """Answers for an Envoy. Until it is configured it knows nobody: every request is refused."""

    def __init__(
        self, functions: Functions, tell: Tell, *, usage: Leases, now: Callable[[], int] = now_ms
    ) -> None:
        self._functions = functions
        self._directory = Directory(HostConfiguration())
        self._decisions = Decisions(now=now)
        self.authorize = authorize.Authorize(functions, self._decisions, self._found, tell, now=now)
        self.invoke = invoke.Invoke(functions, self._found, tell, now=now)
        self.keys = Keys(usage, now=now)

    async def configure(self, configuration: HostConfiguration) -> None:
        """Serve this from now on. What was decided stays: keys hold the generation of what decided.

        Raises:
            ConfigurationInvalid: nothing of it was taken.

        """
        directory = Directory(configuration)
        await self._functions.configure(configuration.functions, dict(configuration.revisions))
        self._directory = directory
        self.keys.configure(configuration)

    def flush(self, authorizers: tuple[str, ...] | None) -> None:
        """Forget what these authorizers ("api/stage/name") decided; None: all of them."""
        self._decisions.flush(None if authorizers is None else tuple(map(_beginning, authorizers)))

    def _found(self) -> Directory:
        return self._directory


def _beginning(authorizer: str) -> bytes:
    api, _, rest = authorizer.partition("/")
    stage, _, name = rest.partition("/")
    return beginning(f"{api}/{stage}", name)
