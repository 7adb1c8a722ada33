"""One invocation of a function outside of a gateway: what it says goes to standard error as it comes."""

from __future__ import annotations

import asyncio
import os
import tempfile
import uuid
from pathlib import Path

from rich.text import Text

from gateline.cli.console import complaints
from gateline.cli.render import visible
from gateline.functions.answer import Answer
from gateline.functions.catalogue import Functions
from gateline.functions.speech import Said, Trouble
from gateline.model.function import Function


def invoke_once(
    function: Function, event: bytes, *, invoked_arn: str = "", request_id: str | None = None
) -> Answer:
    """Start the function as the gateway would, hand it one event, and end it."""
    return asyncio.run(_invoke(function, event, invoked_arn, request_id or str(uuid.uuid4())))


async def _invoke(function: Function, event: bytes, invoked_arn: str, request_id: str) -> Answer:
    with tempfile.TemporaryDirectory(prefix="gateline-") as scratch:
        async with Functions(tell=_tell, scratch=Path(scratch), environ=os.environ) as functions:
            await functions.configure((function,), {})
            return await functions.invoke(
                function.name, event, request_id=request_id, invoked_arn=invoked_arn
            )


def _tell(told: Said | Trouble) -> None:
    style = "red" if isinstance(told, Trouble) else ""
    lines = (visible(line) for line in told.text.expandtabs().split("\n"))
    complaints().print(Text("\n".join(lines), style=style), soft_wrap=True)


def first_line(detail: str) -> str:
    """What went wrong without its traceback, which was told while the function ran."""
    return detail.partition("\n")[0]
