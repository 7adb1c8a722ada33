"""Lets everybody in whose token begins with "good", and says who it is."""


def handler(event: dict[str, str], _context: object) -> dict[str, object]:
    token = event["authorizationToken"]
    effect = "Allow" if token.startswith("good") else "Deny"
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*"}
    return {
        "principalId": token.removeprefix("good "),
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"tier": "gold", "count": 3},
    }
