"""The project file's `secrets`: where values are read, and how they are replaced while requests go on."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gateline.sources.project_part import Part, misfit
from gateline.sources.project_values import EnvironmentName, FilePath, Flag, Interval, Matches, SecretArn

AcceptedBy = Literal["guard", "restart"]

ProbePath = Annotated[
    str, Matches(r"/[\x21\x22\x24-\x7e]{0,1023}", "a path that begins with /, without blanks and '#'")
]


class ProbePart(Part):
    """How a service is asked whether it accepts a value."""

    path: ProbePath = Field(
        description="A GET of it, with the header, is answered 2xx where the value is accepted, and 401 or 403 where "
        "it is not."
    )


class SecretPart(Part):
    """Where a secret's value is read. The value itself never stands in the project file."""

    env: EnvironmentName = Field(
        default="", description="The name of the environment variable that holds the value."
    )
    file: FilePath = Field(default="", description="A file that holds the value.")
    generate: Flag = Field(default=False, description="Make a random value and keep it in the state folder.")
    value_from: SecretArn | None = Field(
        default=None,
        description="The ARN of a secret of AWS Secrets Manager; needs boto3. A rotation there is followed.",
    )
    rotate_every_seconds: Interval | None = Field(
        default=None,
        description="How often a generated value is replaced; default: only by `gateline secrets rotate`.",
    )
    accepted_by: AcceptedBy | None = Field(
        default=None,
        description="How it is seen that services accept another value: guard: gateline-guard answers; restart: all "
        "tasks were replaced. Default: guard where the secret is sent in a header, else restart. Static targets need "
        "guard or probe.",
    )
    probe: ProbePart | None = Field(
        default=None, description="A path that is asked instead of gateline-guard's own."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if sum((bool(self.env), bool(self.file), self.generate, self.value_from is not None)) != 1:
            raise misfit("a secret is read from exactly one of env, file, value_from and generate: true")
        if self.accepted_by is not None and self.probe is not None:
            raise misfit("accepted_by and probe are two ways to see the same; one of them is enough")
        return self
