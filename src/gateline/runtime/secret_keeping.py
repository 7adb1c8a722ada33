"""The keeping of secrets in a stack: rotations, what there is to follow, and the commands, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateline.runtime.admin import Admin
from gateline.runtime.cluster import Cluster
from gateline.runtime.following import Following
from gateline.runtime.rotations import Around, Rotations
from gateline.runtime.secret_commands import SecretCommands
from gateline.runtime.secret_stages import SecretStages
from gateline.runtime.serving import Serving
from gateline.runtime.state_dir import StateDir
from gateline.runtime.upkeep import Duty, Upkeep
from gateline.runtime.witness import Witness


class SecretKeeping:
    """Rotates secrets by the clock, on demand, and as Secrets Manager does.

    Args:
        state: the stages lie in its vault.
        environ: says where the vault's key is.
        serving: is told to take a new step in.
        cluster: runs the tasks.
        admin: Envoy's, which knows the requests in flight.
        upkeep: does it when it is due.
        tell: tells people.

    """

    def __init__(
        self,
        state: StateDir,
        environ: Mapping[str, str],
        serving: Serving,
        cluster: Cluster,
        admin: Admin,
        upkeep: Upkeep,
        tell: Callable[[str], None],
    ) -> None:
        following = Following(serving)
        around = Around(
            serving=serving,
            witness=Witness(serving, cluster),
            in_flight=admin.requests_in_flight,
            confirm=following.confirm,
            tell=tell,
            changed=upkeep.look,
        )
        self._rotations = Rotations(SecretStages(state, environ), around)
        following.have(self._rotations)
        self.commands = SecretCommands(self._rotations, following.begin)
        upkeep.add(Duty(name="following secrets", due=following.due, work=following.look))
        upkeep.add(Duty(name="rotation of secrets", due=self._rotations.due, work=self._rotations.work))

    async def run(self) -> None:
        """Let rotations go on as long as this does."""
        await self._rotations.run()
