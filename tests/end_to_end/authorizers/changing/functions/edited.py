"""An authorizer that says of everybody the same, until its code is edited."""

import json
import os
from pathlib import Path
from typing import Any

VERDICT = "Allow"


def handler(event: Any, context: Any) -> Any:
    line = {"function": "edited", "event": event, "request_id": "", "arn": "", "pid": os.getpid()}
    with Path(os.environ["CALLS"]).open("a") as calls:
        calls.write(json.dumps(line) + "\n")
    statement = {"Effect": VERDICT, "Action": "execute-api:Invoke", "Resource": "*"}
    return {
        "principalId": os.environ["WORD"],
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
