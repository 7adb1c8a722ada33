"""The project file's `services` (load-balancers.md section 15; spelled in Amazon's words)."""

from __future__ import annotations

from itertools import combinations
from typing import ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from gateline.model.service import PREVIOUS
from gateline.sources.project_deployment import DeploymentConfigurationPart
from gateline.sources.project_part import Part, misfit
from gateline.sources.project_values import FilePath, Number, ResourceName, SecretName, TaskCount
from gateline.sources.service_values import CommandWords, ServiceText, ServiceVariableName

_ALL: Final = 100


class ServicePart(Part):
    """A service: a program that runs as many tasks as are wanted, behind a target group."""

    LATER: ClassVar[frozenset[str]] = frozenset({"cpu", "load_balancers", "memory", "user", "volumes"})

    command: CommandWords = Field(
        description="The program and its arguments, a list or one line that is split as a shell would. {port} in a "
        "word becomes a free port of loopback, {socket} the path of a Unix socket that only the gateway opens; "
        "without either nobody reaches the service. {jwks_file}, here and in environment, becomes the path of the "
        "public keys that verify assertions, which is replaced while tasks run."
    )
    cwd: FilePath = Field(
        default="", description="The folder that tasks start in; default: the folder of this file."
    )
    scheduling_strategy: Literal["REPLICA", "DAEMON"] = Field(
        default="REPLICA", description="As many tasks as desired_count says, or one on each machine."
    )
    desired_count: TaskCount | None = Field(
        default=None, description="How many tasks are kept running; default: 1."
    )
    target_group: ResourceName | None = Field(
        default=None,
        description="The target group that tasks are registered with; default: one of the service's own name.",
    )
    environment: dict[ServiceVariableName, ServiceText] = Field(
        default_factory=dict, description="Environment variables of the tasks, and of nobody else."
    )
    secrets: dict[ServiceVariableName, SecretName] = Field(
        default_factory=dict,
        description="Environment variables that hold secrets, by the secrets' names; while a secret is rotated the "
        "value that is sent when the task starts, and the other one in VARIABLE_PREVIOUS. Another value replaces the "
        "tasks.",
    )
    secret_files: dict[ServiceVariableName, SecretName] = Field(
        default_factory=dict,
        description="Environment variables that hold the path of a file with the secret's accepted values, one a line, "
        "the one that is sent first. It is replaced while tasks run, so they read it again when it changes.",
    )
    stop_timeout_seconds: Number = Field(
        default=30, ge=1, le=120, description="The time between SIGTERM and SIGKILL."
    )
    health_check_grace_period_seconds: Number = Field(
        default=0,
        ge=0,
        le=2147483647,
        description="How long after its start a task is not stopped for being unhealthy.",
    )
    deployment_configuration: DeploymentConfigurationPart | None = Field(
        default=None, description="How the service is deployed."
    )

    @model_validator(mode="after")
    def _has_room_to_move(self) -> Self:
        is_daemon = self.scheduling_strategy == "DAEMON"
        if is_daemon and self.desired_count is not None:
            raise misfit("a DAEMON has one task on each machine: leave desired_count out")
        minimum, maximum = self.percents
        if minimum >= maximum:
            raise misfit(
                "no task could be replaced with minimum_healthy_percent and maximum_percent both at 100: raise "
                "maximum_percent or lower the other"
            )
        if is_daemon and maximum > _ALL:
            raise misfit("a DAEMON has one task on each machine: maximum_percent is 100")
        return self

    @model_validator(mode="after")
    def _fits(self) -> Self:
        given = {
            "environment": self.environment.keys(),
            "secrets": self.secrets.keys(),
            "secret_files": self.secret_files.keys(),
        }
        for one, other in combinations(given, 2):
            if both := sorted(given[one] & given[other]):
                raise misfit(f"{both[0]} stands in {one} and in {other}")
        for name in self.secrets:
            if any(name + PREVIOUS in variables for variables in given.values()):
                raise misfit(
                    f"{name}{PREVIOUS} holds the other value of the secret in {name} while that is rotated"
                )
        if len(self.placeholders) > 1:
            raise misfit("command holds {port} and {socket}; a task listens at one of them")
        if self.target_group is not None and not self.placeholders:
            raise misfit("a service with a target_group needs {port} or {socket} in its command")
        return self

    @property
    def percents(self) -> tuple[int, int]:
        """The smallest and the largest share of tasks during a deployment, in percent."""
        deployment = self.deployment_configuration or DeploymentConfigurationPart()
        return deployment.percents(self.scheduling_strategy)

    @property
    def placeholders(self) -> frozenset[str]:
        """Which of `{port}` and `{socket}` the command holds."""
        return frozenset(
            mark for mark in ("{port}", "{socket}") if any(mark in word for word in self.command)
        )
