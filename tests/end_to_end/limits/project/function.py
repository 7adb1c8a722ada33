"""What stands behind the methods of limits.yaml."""

import threading
from typing import Any


def told(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Say how many characters the body had, and how many a caller wants to read."""
    asked = (event["queryStringParameters"] or {}).get("characters", "0")
    body = "x" * int(asked) or str(len(event["body"] or ""))
    return {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": body}


def late(event: object, context: object) -> None:
    """Answer when nobody waits any more."""
    threading.Event().wait(5)
