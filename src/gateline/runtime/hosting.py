"""The host's process: started when a configuration first needs it, kept alive, told what to serve."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateline.errors import GatelineError
from gateline.model.hosting import HostConfiguration, HostedStage
from gateline.processes.strays import function_mark
from gateline.runtime import supervisor
from gateline.runtime.envoy import last_words
from gateline.runtime.heartbeat import watch
from gateline.runtime.host_link import HostLink
from gateline.runtime.notice import HostBack, HostCrashed, Notify
from gateline.runtime.process import Command, ending, scrubbed
from gateline.runtime.processes import Kept, Processes
from gateline.runtime.state_dir import StateDir
from gateline.runtime.trust import trust_variables

HOST: Final = "host"
ANSWER_SECONDS: Final = 20.0
POLICY: Final = supervisor.Policy(
    terminate_timeout=12.0
)  # SIGTERM lets it finish what is in flight, 8 s at most
PACKAGES: Final = Path(__file__).parents[2]


class Hosting:
    """Keeps one host. Not started, it has none, and imports nothing that only a host needs.

    Args:
        state: where its sockets and its log lie.
        environ: what of this environment it may see is passed on.
        tasks: the background work is done in it.
        processes: keeps the process.
        notify: hears what the host and its functions say.
        changed: called when the host has another process id.

    """

    def __init__(
        self,
        state: StateDir,
        environ: Mapping[str, str],
        tasks: asyncio.TaskGroup,
        processes: Processes,
        notify: Notify,
        changed: Callable[[], None],
    ) -> None:
        self._state = state
        self._environ = environ
        self._tasks = tasks
        self._processes = processes
        self._notify = notify
        self._changed = changed
        self._keeper: Kept | None = None
        self._linking: list[asyncio.Task[None]] = []
        self._link = HostLink(state.host_control_socket, notify, self._configured)
        self._crashed = False
        self._is_stopping = False

    @property
    def pid(self) -> int | None:
        """The host's process id."""
        return self._keeper.pid if self._keeper else None

    def start(self) -> None:
        """Want a host; does nothing while there is one, and after a stop."""
        if self._is_stopping or (self._keeper and not self._keeper.finished.done()):
            return
        scratch = self._scratch()
        self._keeper = self._processes.keep(
            HOST,
            self._command(scratch),
            POLICY,
            on_crash=self._told_crash,
            on_spawn=lambda _: self._changed(),
        )
        self._processes.note(HOST, str(scratch))
        self._keeper.start()
        if not self._linking:
            watching = watch(lambda: self._keeper, self._state.host_socket)
            self._linking = [self._tasks.create_task(each) for each in (self._link.run(), watching)]

    async def configure(self, configuration: HostConfiguration) -> None:
        """Let the host serve this from now on; starts one when it is first needed.

        Raises:
            GatelineError: no host comes up, or it does not take the configuration.

        """
        if configuration.is_needed:
            self.start()
        if self._keeper is None:
            return
        taken = asyncio.ensure_future(self._link.configure(configuration))
        try:
            either: set[asyncio.Future[None] | asyncio.Future[supervisor.Finished]]
            either = {taken, self._keeper.finished}
            await asyncio.wait(either, timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if taken.done():
                taken.result()
                return
        finally:
            taken.cancel()
        how = f"did not answer within {ANSWER_SECONDS:.0f} s"
        if self._keeper.finished.done():
            how = f"ended while it started ({ending(self._keeper.finished.result().status)})"
        words = last_words(self._state.host_log)
        raise GatelineError(f"the host {how}" + (f"; its last words:\n{words}" if words else ""))

    async def flush(self, authorizers: tuple[str, ...]) -> None:
        """Let the host forget what these authorizers decided."""
        await self._link.flush(authorizers)

    def let_go(self) -> None:
        """Say nothing more to the host, which goes on."""
        for task in self._linking:
            task.cancel()

    def stop(self) -> None:
        """Want no host any more: gently the first time, at once the second."""
        self._is_stopping = True
        self.let_go()
        if self._keeper:
            self._keeper.stop()

    async def finished(self) -> None:
        """Wait until none runs."""
        if self._keeper:
            await self._keeper.finished

    def _scratch(self) -> Path:
        """The scratch folder: the one of the host that runs already, if there is one."""
        running = self._processes.running.get(HOST)
        if running and self._keeper is None:
            return Path(running.note)
        self._state.host_log.unlink(missing_ok=True)
        return self._state.scratch_folder()

    def _command(self, scratch: Path) -> Command:
        state = self._state
        # The host is the same program, wherever it was imported from; functions do not inherit this.
        environment = {
            **scrubbed(self._environ),
            **_for_aws(self._environ),
            **trust_variables(self._environ),
            "PYTHONPATH": str(PACKAGES),
        }
        return Command(
            arguments=(
                *(sys.executable, "-P", "-m", "gateline.host"),
                *("--socket", str(state.host_socket)),
                *("--control", str(state.host_control_socket)),
                *("--egress", str(state.egress_socket)),
                *("--usage", str(state.usage)),
                *("--scratch", str(scratch)),
            ),
            environment=environment,
            folder=state.path,
            log=state.host_log,
            mark=function_mark(
                scratch
            ),  # a host that was killed could not end what its functions have started
        )

    def _told_crash(self, crash: supervisor.Crashed) -> None:
        self._crashed = True
        self._changed()
        self._notify(HostCrashed(crash.status, crash.restart_in, crash.hung))

    def _configured(self) -> None:
        assert self._keeper is not None
        self._keeper.ready()
        if self._crashed and self._keeper.pid:
            self._crashed = False
            self._notify(HostBack(self._keeper.pid))


def overlapping(before: HostConfiguration, after: HostConfiguration) -> HostConfiguration:
    """What serves both: all of `after`, and of `before` what it lacks.

    Envoy's workers change over one after another; until all have, requests of both come, and each names the revision
    of its stage by which it was let in: that one serves it.
    """
    names = {function.name for function in after.functions}
    missing = tuple(function for function in before.functions if function.name not in names)
    revisions = dict(before.revisions) | dict(after.revisions)
    kept = {stage.scope: stage for stage in before.stages}
    stages = [_overlapping(kept.get(stage.scope), stage) for stage in after.stages]
    served = {(stage.scope, stage.revision) for stage in stages}
    scopes = {stage.scope for stage in stages}
    former = [
        replace(stage, authorizers=()) if stage.scope in scopes else stage
        for stage in before.stages
        if (stage.scope, stage.revision) not in served
    ]
    functions = after.functions + missing
    groups = {target.group for target in after.targets}
    asked = {login.name for login in after.logins}
    # All else is as it is from now on: who has no key any more has none at once.
    return replace(
        after,
        functions=functions,
        revisions=tuple((f.name, revisions[f.name]) for f in functions if f.name in revisions)
        if missing
        else after.revisions,
        stages=(*stages, *former),
        targets=after.targets + tuple(each for each in before.targets if each.group not in groups),
        logins=(*after.logins, *(login for login in before.logins if login.name not in asked)),
        session_keys=after.session_keys or before.session_keys,
        claims_keys=after.claims_keys or before.claims_keys,
    )


def _overlapping(before: HostedStage | None, after: HostedStage) -> HostedStage:
    if before is None:
        return after
    names = {authorizer.name for authorizer in after.authorizers}
    missing = tuple(each for each in before.authorizers if each.name not in names)
    return replace(after, authorizers=after.authorizers + missing)


def _for_aws(environ: Mapping[str, str]) -> dict[str, str]:
    """Credentials and settings of Amazon's tools: the host signs calls of services. Functions get none of them."""
    return {
        name: value
        for name, value in environ.items()
        if name.startswith("AWS_") and not name.startswith("AWS_LAMBDA_")
    }
