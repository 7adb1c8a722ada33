"""Functions: code of the user's that the gateway calls, as authorizer or integration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from gateline.model.origin import Origin


class FunctionKind(StrEnum):
    """How a function is run."""

    PYTHON = "python"  # Gateline's own worker processes
    RUNTIME_API = "runtime_api"  # nodejs, provided, any other: processes that speak the Lambda Runtime API
    URL = "url"  # POST to a URL, in Lambda's invocation form
    ARN = "arn"  # Lambda's own Invoke, at Amazon or what stands in for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of the project file, under its name there ("name" or "name:alias").

    `code` (folder, file or zip), `layers` and `interpreter` are absolute paths; `interpreter` may be "" for
    Gateline's own Python, or for the runtime's usual program on the PATH.
    """

    name: str
    kind: FunctionKind
    handler: str = ""
    code: str = ""
    runtime: str = ""  # as written: python3.12, nodejs20.x, provided.al2023
    interpreter: str = ""
    layers: tuple[str, ...] = ()
    timeout: timedelta = timedelta(seconds=3)  # Lambda's default
    memory_size: int = 128  # MiB; told to the function, not enforced
    environment: tuple[tuple[str, str], ...] = ()
    url: str = ""
    arn: str = ""
    minimum: int = 1  # workers kept ready
    maximum: int = 4  # workers at most, one event each at a time
    origin: Origin
