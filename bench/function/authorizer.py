"""The Lambda TOKEN authorizer under measurement, as API Gateway's users write it."""

from decision import decide


def handler(event: dict[str, str], context: object) -> dict[str, object]:  # noqa: ARG001 - Lambda's signature
    name, allowed = decide(event["authorizationToken"])
    if name is None:
        raise Exception("Unauthorized")  # noqa: TRY002 - the words that API Gateway knows
    stage = "/".join(event["methodArn"].split("/")[:2])
    return {
        "principalId": name,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow" if allowed else "Deny",
                    "Resource": f"{stage}/*",
                }
            ],
        },
        "context": {"plan": "gold"},
    }
