"""The service: all that one host does, and its configuration, which changes while it does it."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from gateline.functions.speech import Tell, Trouble
from gateline.host import authorize, inspect, invoke, target
from gateline.host.asserting import AssertCaller, AssertRequest
from gateline.host.assertions import Assertions
from gateline.host.aws_service import NO_BOTO3, AwsServices, can_sign
from gateline.host.decisions import Decisions, now_ms
from gateline.host.directory import Directory, beginning
from gateline.host.egress import Egress
from gateline.host.keys import Keys, Leases
from gateline.host.turns import Turns
from gateline.model.function import Function, calls_function
from gateline.model.hosting import HostConfiguration
from gateline.model.integration import Integration, IntegrationKind

if TYPE_CHECKING:
    from gateline.host.integrate import Integrate
    from gateline.host.login import Logins


class Functions(authorize.Functions, Protocol):
    """What of `gateline.functions.catalogue.Functions` the host uses."""

    async def configure(self, functions: tuple[Function, ...], revisions: Mapping[str, str]) -> None:
        """Run these functions from now on."""


class Service:
    """Answers for an Envoy. Until it is configured it knows nobody: every request is refused."""

    def __init__(
        self,
        functions: Functions,
        tell: Tell,
        *,
        usage: Leases,
        egress: Egress,
        aws: AwsServices,
        now: Callable[[], int] = now_ms,
    ) -> None:
        self._functions = functions
        self._tell = tell
        self.egress = egress
        self.aws = aws
        self._performer: Integrate | None = None
        self.turns = Turns()
        self._directory = Directory(HostConfiguration())
        self._decisions = Decisions(now=now)
        self._assertions = Assertions(now=now)
        self.assert_caller = AssertCaller(self._found, self._assertions)
        self.assert_request = AssertRequest(self._found, self._assertions, self.turns)
        self.authorize = authorize.Authorize(
            functions, self._decisions, self._found, tell, assertions=self._assertions, now=now
        )
        self.invoke = invoke.Invoke(
            functions, self._found, tell, turns=self.turns, integrate=self._integrate, now=now
        )
        self.targets = target.Targets(functions, self._found, tell)
        self.inspect = inspect.Inspect(self._found, self.turns)
        self.keys = Keys(usage, now=now)
        self._logins: Logins | None = None
        self._now = now

    async def configure(self, configuration: HostConfiguration) -> None:
        """Serve this from now on. What was decided stays: keys hold the generation of what decided.

        Raises:
            ConfigurationInvalid: nothing of it was taken.

        """
        directory = Directory(configuration)
        if integrations := list(_integrations(configuration)):
            # Only now: templates and what they need take 10 MB, and no caller should wait for it.
            await asyncio.to_thread(importlib.import_module, "gateline.host.integrate")
            if any(map(_is_service, integrations)) and not can_sign():
                self._tell(Trouble("", "", NO_BOTO3))
        self.aws.configure(dict(configuration.endpoints))
        await self._functions.configure(configuration.functions, dict(configuration.revisions))
        await self._assertions.configure(configuration)
        await self._configure_logins(configuration)
        self._directory = directory
        self.keys.configure(configuration)

    def flush(self, authorizers: tuple[str, ...] | None) -> None:
        """Forget what these authorizers ("api/stage/name") decided; None: all of them."""
        self._decisions.flush(None if authorizers is None else tuple(map(_beginning, authorizers)))

    async def login(self, body: bytes) -> bytes:
        """The reply to `/login`.

        Raises:
            ValueError: it is no question, or nobody has asked for logins.

        """
        if self._logins is None:
            raise ValueError("no login is configured")
        return await self._logins(body)

    def close(self) -> None:
        """Begin nothing more."""
        self.turns.close()

    async def disconnect(self) -> None:
        """Close the connections to providers of logins."""
        if self._logins is not None:
            await self._logins.close()

    def _found(self) -> Directory:
        return self._directory

    async def _configure_logins(self, configuration: HostConfiguration) -> None:
        if self._logins is None:
            if not configuration.logins:
                return
            # Only now: who has no logins need not pay for what they take, and no caller should wait for it.
            module = await asyncio.to_thread(importlib.import_module, "gateline.host.login")
            self._logins = module.Logins(self._tell, now=self._now)
        await self._logins.configure(configuration)

    def _integrate(self) -> Integrate:
        if self._performer is None:
            from gateline.host.integrate import Integrate  # noqa: PLC0415 - `configure` says why

            self._performer = Integrate(
                self._functions, self.egress, self.aws, self.turns, self._tell, self._assertions
            )
        return self._performer


def _integrations(configuration: HostConfiguration) -> Iterator[Integration]:
    for stage in configuration.stages:
        yield from (method.integration for method in stage.methods if method.integration is not None)


def _is_service(integration: Integration) -> bool:
    return integration.kind is IntegrationKind.AWS and not calls_function(integration.uri)


def _beginning(authorizer: str) -> bytes:
    api, _, rest = authorizer.partition("/")
    stage, _, name = rest.partition("/")
    return beginning(f"{api}/{stage}", name)
