"""A target of a balancer: answers with what the header `x-say` holds, else with its event; records health checks."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def handler(event: Any, context: Any) -> Any:
    """Obey `x-say`."""
    headers = event.get("headers") or {
        name: values[-1] for name, values in event["multiValueHeaders"].items()
    }
    if headers.get("user-agent") == "ELB-HealthChecker/2.0" and "host" not in headers:
        with Path(os.environ["CHECKS"]).open("a", encoding="utf-8") as checks:
            checks.write(json.dumps(event) + "\n")
        return {"statusCode": 200}
    say = headers.get("x-say")
    if say in _FAULTS:
        return _FAULTS[say]()
    if say == "echo":
        body = event["body"]
        body = base64.b64decode(body) if event["isBase64Encoded"] else body.encode()
        return {
            "statusCode": 200,
            "headers": {"content-type": "application/octet-stream"},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
    if say:
        return json.loads(say)
    told = {"event": event, "arn": context.invoked_function_arn}
    answer = {"statusCode": 200, "body": json.dumps(told)}
    answer["multiValueHeaders" if "multiValueHeaders" in event else "headers"] = (
        {"content-type": ["application/json"]}
        if "multiValueHeaders" in event
        else {"content-type": "application/json"}
    )
    return answer


def _raise() -> None:
    message = "private words"
    raise RuntimeError(message)


_FAULTS: dict[str, Callable[[], Any]] = {
    "raise": _raise,
    "sleep": lambda: time.sleep(60),
    "exit": lambda: os._exit(3),
    "big": lambda: {"statusCode": 200, "body": "x" * 1_048_576},
    "largest": lambda: {"statusCode": 200, "body": "x" * 1_000_000},
}
