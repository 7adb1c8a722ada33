"""What a function's process finds in its environment: Lambda's names, and nothing of the gateway's (DESIGN D12).

No cloud credentials, unless the project file declares some. The names are those of Lambda's developer guide,
"Defined runtime environment variables".
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from gateline.model.function import Function

PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""What a function learns from Gateline's own environment."""

VERSION: Final = "$LATEST"

_PLAIN_PATH: Final = "/usr/local/bin:/usr/bin:/bin"


def plain_name(function: Function) -> str:
    """The function's name without an alias: "name" of "name:alias"."""
    return function.name.partition(":")[0]


def function_environment(
    function: Function,
    environ: Mapping[str, str],
    *,
    code_root: Path,
    layers: Sequence[Path] = (),
    runtime_dir: str = "",
    instance: str = "",
) -> dict[str, str]:
    """The whole environment of a function's process; what the project file declares comes last, and wins.

    `instance`: whose process it is, `strays.instance_of`; it ends the name of the log stream, as at Amazon.
    """
    name = plain_name(function)
    found = {key: environ[key] for key in PASSED_ON if key in environ}
    found.setdefault("PATH", _PLAIN_PATH)
    found.setdefault("LANG", "C.UTF-8")
    found.setdefault("TZ", ":UTC")
    found |= _of_layers(found["PATH"], layers)
    found |= {
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": VERSION,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"gateline/[{VERSION}]{instance}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "LAMBDA_TASK_ROOT": str(code_root),
        "LAMBDA_RUNTIME_DIR": runtime_dir or str(code_root),
        "_HANDLER": function.handler,
    }
    if function.runtime:
        found["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{function.runtime}"
    return found | dict(function.environment)


def _of_layers(path: str, layers: Sequence[Path]) -> dict[str, str]:
    """Programs and libraries of layers, which Lambda finds below /opt; a later layer hides an earlier one."""
    programs = [str(layer / "bin") for layer in reversed(layers) if (layer / "bin").is_dir()]
    libraries = [str(layer / "lib") for layer in reversed(layers) if (layer / "lib").is_dir()]
    found = {}
    if programs:
        found["PATH"] = os.pathsep.join((path, *programs))
    if libraries:
        found["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)
    return found
