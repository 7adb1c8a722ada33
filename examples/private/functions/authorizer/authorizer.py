"""Lets those in who know the token that the example was started with."""

import hmac
import os

TOKEN = os.environ["TOKEN"]


def handler(event, _):
    given = event.get("authorizationToken", "").removeprefix("Bearer ")
    effect = "Allow" if TOKEN and hmac.compare_digest(given.encode(), TOKEN.encode()) else "Deny"
    stage = "/".join(event["methodArn"].split("/")[:2])  # the answer is remembered, for other methods too
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": f"{stage}/*"}
    return {"principalId": "caller", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
