"""Functions that answer what the request says: what a client sees of an answer is asked, not what a function does."""

import base64
import json
from typing import Any


def said(event: dict[str, Any], context: Any) -> Any:
    """What the body of the event says, for `aws_proxy`; without a body it raises."""
    body = event["body"]
    return json.loads(base64.b64decode(body) if event["isBase64Encoded"] else body)


def told(event: dict[str, Any], context: Any) -> Any:
    """The event itself, as the body of an `aws_proxy` answer."""
    return {"statusCode": 200, "body": json.dumps(event)}


def echoed(event: Any, context: Any) -> Any:
    """The event itself, for `aws`; one that has a `raise` raises it."""
    if isinstance(event, dict) and "raise" in event:
        raise ValueError(event["raise"])
    return event


def authorized(event: dict[str, Any], context: Any) -> Any:
    """A TOKEN authorizer: the token says the effect, or what goes wrong."""
    token = event["authorizationToken"]
    if token in ("Unauthorized", "boom"):
        raise RuntimeError(token)
    answer: dict[str, Any] = {
        "principalId": "ann",
        "context": {"number": 1, "flag": True, "text": "x"},
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": token, "Action": "execute-api:Invoke", "Resource": "*"}],
        },
    }
    if token == "none":
        answer["policyDocument"]["Statement"][0] |= {
            "Effect": "Allow",
            "Resource": "arn:aws:execute-api:*:*:x",
        }
    if token == "object":
        answer["context"] = {"nested": {}}
        answer["policyDocument"]["Statement"][0]["Effect"] = "Allow"
    return answer
