"""Does what the event says."""

import os
import time
from pathlib import Path
from typing import Any


def handler(event: dict[str, str], context: Any) -> dict[str, str]:
    match event.get("do"):
        case "raise":
            raise ValueError(event["message"])
        case "sleep":
            time.sleep(5)
        case "exit":
            os._exit(1)
        case "write":
            Path(event["path"]).write_text(context.aws_request_id)
        case _:
            pass
    return event
