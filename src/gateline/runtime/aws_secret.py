"""Secrets of AWS Secrets Manager: the value of the stage AWSCURRENT, read with the gateway's own credentials.

boto3 (the extra `gateline[aws]`) finds them, and the endpoint, as it always does: AWS_ENDPOINT_URL_SECRETS_MANAGER and
AWS_ENDPOINT_URL name a stand-in.
"""

from __future__ import annotations

import importlib
from typing import Final

from gateline.model.codes import NO_BOTO3_FOR_SECRET, SECRET_NOT_GIVEN
from gateline.model.diagnostic import Complaints
from gateline.model.secret import SecretSource

CURRENT: Final = "AWSCURRENT"
"""The stage whose value is in use, in the words of Secrets Manager."""

PATIENCE: Final = 5
"""Seconds for a connection, and as many for an answer. Asked twice at most."""


def read_from_aws(source: SecretSource, complaints: Complaints) -> bytes | None:
    """The value of a secret by its ARN (`place`); None when there is a complaint instead. It blocks."""
    try:
        boto3 = importlib.import_module("boto3")
        config = importlib.import_module("botocore.config").Config(
            connect_timeout=PATIENCE, read_timeout=PATIENCE, retries={"total_max_attempts": 2}
        )
    except ImportError:
        message = f"secret '{source.name}' is kept by AWS Secrets Manager, and boto3, which asks it, is not installed"
        complaints.add(NO_BOTO3_FOR_SECRET, source.origin, message, help="pip install 'gateline[aws]'")
        return None
    client = None
    try:
        client = boto3.Session(region_name=source.place.split(":")[3]).client("secretsmanager", config=config)
        found = client.get_secret_value(SecretId=source.place, VersionStage=CURRENT)
    except Exception as problem:  # noqa: BLE001 - boto3's are of many trees: profiles, endpoints, sockets
        # Its own words may hold anything; the kind of fault is enough to look for it.
        response = getattr(problem, "response", {})  # of a ClientError: what the service answered
        why = response.get("Error", {}).get("Code") or type(problem).__name__
        message = f"secret '{source.name}': AWS Secrets Manager does not give {source.place}: {why}"
        help_text = (
            "see that it is there, and that the credentials of this user may read its stage AWSCURRENT"
        )
        complaints.add(SECRET_NOT_GIVEN, source.origin, message, help=help_text)
        return None
    finally:
        if client is not None:
            client.close()
    text: str | None = found.get("SecretString")
    binary: bytes = found.get("SecretBinary", b"")
    return binary if text is None else text.encode()
