"""Who may call the storefront: a Lambda authorizer, as it would run at Amazon.

A token is NAME.ROLE.SIGNATURE. Whoever knows TOKEN_KEY signs one:

    python authorizer.py alice customer
"""

import hashlib
import hmac
import os
import sys

MAY = {
    "customer": ["GET/orders", "GET/orders/*", "GET/customers/*", "GET/whoami"],
    "visitor": ["GET/orders/1", "GET/whoami"],  # the sample order, and no other
}


def sign(name, role, key):
    signature = hmac.new(key.encode(), f"{name}.{role}".encode(), hashlib.sha256).hexdigest()
    return f"{name}.{role}.{signature}"


def handler(event, _context):
    token = event["authorizationToken"].removeprefix("Bearer ")
    name, role, _ = token.split(".")  # the definition lets no other form come here
    if not hmac.compare_digest(token, sign(name, role, key())) or role not in MAY:
        raise PermissionError("Unauthorized")  # exactly this text becomes 401; anything else is a 500
    # arn:aws:execute-api:us-east-1:123456789012:storefront/prod/GET/orders/7
    stage = "/".join(event["methodArn"].split("/")[:2])
    # The answer is kept, and serves the caller's other requests: name all that they may call, not this one only.
    return {
        "principalId": name,
        "context": {"role": role},
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "execute-api:Invoke",
                    "Resource": [f"{stage}/{each}" for each in MAY[role]],
                }
            ],
        },
    }


def key():
    if not os.environ["TOKEN_KEY"]:
        raise ValueError("TOKEN_KEY is empty: nobody's token can be trusted")
    return os.environ["TOKEN_KEY"]


if __name__ == "__main__":
    print(sign(sys.argv[1], sys.argv[2], key()))
