"""The function behind everything: an authorizer that allows, or an integration that answers."""

from typing import Any


def answer(event: Any, context: object) -> Any:
    """A policy for an authorizer's event, a proxy's answer for a proxy's, else the event itself."""
    if not isinstance(event, dict):
        return event
    if "methodArn" in event:
        statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        return {"principalId": "somebody", "policyDocument": policy, "usageIdentifierKey": "unused"}
    if "requestContext" in event:
        return {"statusCode": 200, "body": "{}"}
    return event
