"""What every worker of a function needs before the first one is started: readable code, and a user to run as."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateline.functions.pool import NotStarted
from gateline.functions.speech import Tell, Trouble
from gateline.functions.staging import Staged, Unstageable, stage
from gateline.model.function import Function
from gateline.processes.isolation import NOBODY_ELSE, NotTold, own_user, uid_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Where a function's parts are, and the uid of its processes (`NOBODY_ELSE`: ours)."""

    staged: Staged
    uid: int
    own: Path  # a folder that its processes may write to; it goes with the staging


Programs = Callable[[Staged], Sequence[Path]]
"""Where the programs lie that run a function, which its user must be able to read.

Raises:
    NotStarted: there is none.

"""


async def prepare(function: Function, scratch: Path, programs: Programs, tell: Tell) -> Prepared:
    """Stage the code, and find out whether a user of its own can read it and the `programs` that run it.

    Raises:
        NotStarted: the code, a layer or a program cannot be had.

    """
    try:
        staged = await asyncio.to_thread(stage, function, scratch)
    except Unstageable as error:
        raise NotStarted(f"its code cannot be used: {error}") from error
    try:
        uid, why = await own_user(
            uid_of(scratch, function.name), (*programs(staged), staged.code, *staged.layers, staged.folder)
        )
        if why:
            tell(Trouble(function.name, "", why))
        own = staged.folder / "own"
        own.mkdir(mode=0o700)
        if uid != NOBODY_ELSE:
            os.chown(own, uid, uid)
    except NotTold as error:
        staged.discard()
        raise NotStarted(str(error)) from error
    except BaseException:
        staged.discard()
        raise
    return Prepared(staged=staged, uid=uid, own=own)
