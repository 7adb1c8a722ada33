"""Which program runs a function over the Runtime API.

`nodejs*`: Amazon's aws-lambda-ric when it lies in the code, in a layer, or beside node's own global modules, and
its native part was built; else a bootstrap of ours. Every other word: the `bootstrap` of the code, else of a
layer, as Lambda's provided runtimes look for it (developer guide, "Building a custom runtime").
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateline.functions.pool import NotStarted
from gateline.functions.staging import Staged
from gateline.model.function import Function

NODE_BOOTSTRAP: Final = Path(__file__).with_name("nodejs") / "bootstrap.mjs"
_RIC: Final = "aws-lambda-ric"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A command, what its environment says beside the function's, and the files that its user must read."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[Path, ...] = ()


def program(function: Function, staged: Staged, path: str) -> Program:
    """The program of a function whose files are staged; `path` is where programs are looked for.

    Raises:
        NotStarted: there is none.

    """
    if function.runtime.startswith("nodejs"):
        return _node(function, staged, path)
    return _bootstrap(function, staged)


def _bootstrap(function: Function, staged: Staged) -> Program:
    places = (staged.code, *reversed(staged.layers))  # a later layer hides an earlier one
    found = next((place / "bootstrap" for place in places if (place / "bootstrap").is_file()), None)
    if found is None:
        raise NotStarted(
            f"runtime {function.runtime or 'provided'} needs a file `bootstrap` in {function.code} or a layer,"
            " and there is none: it starts what speaks the Lambda Runtime API, such as a runtime interface client"
        )
    if function.interpreter:
        return Program(arguments=(function.interpreter, str(found)), needs=(Path(function.interpreter),))
    if not os.access(found, os.X_OK):
        raise NotStarted(f"{found} is not executable: chmod +x, or name its `interpreter`")
    return Program(arguments=(str(found),))


def _node(function: Function, staged: Staged, path: str) -> Program:
    node = function.interpreter or shutil.which("node", path=path)
    if not node:
        raise NotStarted(
            f"runtime {function.runtime} needs node, which is not on the PATH: name an `interpreter`"
        )
    modules = [layer / "nodejs" / "node_modules" for layer in reversed(staged.layers)]
    node_path = {"NODE_PATH": os.pathsep.join(map(str, modules))} if modules else {}
    for place in (staged.code / "node_modules", *modules, *_global_modules(node)):
        entry = _client(place / _RIC)
        if entry is not None:
            return Program(
                arguments=(node, str(entry), function.handler),  # version 3 reads the argument, 4 _HANDLER
                environment={"LAMBDA_RUNTIME_DIR": str(place / _RIC), **node_path},
                needs=(Path(node), place / _RIC),
            )
    return Program(
        arguments=(node, str(NODE_BOOTSTRAP)),
        environment={"LAMBDA_RUNTIME_DIR": str(NODE_BOOTSTRAP.parent), **node_path},
        needs=(Path(node), NODE_BOOTSTRAP),
    )


def _global_modules(node: str) -> tuple[Path, ...]:
    """Where `npm root --global` points by default; npm itself takes half a second to say it."""
    beside = Path(os.path.realpath(node)).parent.parent
    return tuple(prefix / "lib" / "node_modules" for prefix in (beside, Path("/usr/local")))


def _client(package: Path) -> Path | None:
    """The program of an installed aws-lambda-ric; None: not there, or installed without its native part."""
    try:
        described = json.loads((package / "package.json").read_text(encoding="utf-8"))
        entry = package / described["bin"][_RIC]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    is_built = next(package.rglob("rapid-client.node"), None) is not None
    return entry if is_built and entry.is_file() else None
