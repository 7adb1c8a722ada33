"""A function behind a route (aws_proxy): it says who calls, as the authorizer told the gateway."""

import json


def handler(event, _context):
    caller = event["requestContext"]["authorizer"]
    answer = {"name": caller["principalId"], "role": caller["role"]}
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(answer) + "\n",
    }
