"""The project file's `functions`."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, model_validator

from gateline.sources.project_part import Part, misfit
from gateline.sources.project_values import (
    FilePath,
    FunctionArn,
    FunctionUrl,
    FunctionVariableName,
    Handler,
    Number,
    Runtime,
)


class ConcurrencyPart(Part):
    """How many events a function works on at once: each worker has one."""

    minimum: Number = Field(
        default=1,
        ge=0,
        le=1000,
        description="Workers that are kept ready; 0 starts them with the first event.",
    )
    maximum: Number = Field(
        default=4, ge=1, le=1000, description="Workers at most; further events wait for one."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.minimum > self.maximum:
            raise misfit(f"minimum must not be larger than maximum, which is {self.maximum}")
        return self


class FunctionPart(Part):
    """A function: code that Gateline runs, or where it is invoked."""

    handler: Handler = Field(
        default="", description="What is called: for Python FILE.FUNCTION, such as authorizer.handler."
    )
    code: FilePath = Field(default="", description="The function's code: a folder, a file or a zip.")
    runtime: Runtime = Field(
        default="", description="The runtime as on Lambda, such as nodejs22.x or provided; default: python3."
    )
    interpreter: FilePath = Field(
        default="",
        description="The program that runs the code, such as .venv/bin/python; default: Gateline's own.",
    )
    layers: tuple[FilePath, ...] = Field(
        default=(), max_length=5, description="Folders or zips that are laid out as Lambda's layers are."
    )
    timeout: Number = Field(
        default=3, ge=1, le=900, description="Seconds after which an invocation is stopped."
    )
    memory_size: Number = Field(
        default=128, ge=128, le=10240, description="MiB that the function is told it has; not enforced."
    )
    environment: dict[FunctionVariableName, str] = Field(
        default_factory=dict, description="Environment variables of the function, and of nobody else."
    )
    concurrency: ConcurrencyPart | None = Field(
        default=None, description="How many events the function works on at once."
    )
    url: FunctionUrl = Field(
        default="", description="Instead of code: events are posted there, in Lambda's invocation form."
    )
    arn: FunctionArn = Field(default="", description="Instead of code: the function at AWS that is invoked.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum((bool(self.code), bool(self.url), bool(self.arn))) != 1:
            raise misfit("a function has exactly one of code, url and arn")
        if not self.code:
            beside = [key for key in _OF_CODE if key in self.model_fields_set]
            if beside:
                verb = "belongs" if len(beside) == 1 else "belong"
                raise misfit(
                    f"{', '.join(beside)} {verb} to a function with code, not to one with url or arn"
                )
        elif not self.handler and not self.runtime.startswith("provided"):
            raise misfit("a function with code needs a handler")
        elif self.is_python and re.fullmatch(_PYTHON_HANDLER, self.handler) is None:
            raise misfit(f"the handler of a Python function is FILE.FUNCTION; it is '{self.handler}'")
        return self

    @property
    def is_python(self) -> bool:
        """Whether the code runs in Gateline's own workers."""
        return bool(self.code) and (not self.runtime or self.runtime.startswith("python3"))


_OF_CODE = ("handler", "runtime", "interpreter", "layers", "memory_size", "environment")
_PYTHON_HANDLER = r"(?:[A-Za-z0-9_-]+[./])*[A-Za-z0-9_-]+\.[A-Za-z_][A-Za-z0-9_]*"
