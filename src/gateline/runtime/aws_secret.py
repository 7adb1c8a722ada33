"""Secrets of AWS Secrets Manager: the values of their stages, read with the gateway's own credentials.

boto3 (the extra `gateline[aws]`) finds them, and the endpoint, as it always does: AWS_ENDPOINT_URL_SECRETS_MANAGER and
AWS_ENDPOINT_URL name a stand-in.
"""

from __future__ import annotations

import importlib
from typing import Final

from gateline.errors import GatelineError
from gateline.model.codes import NO_BOTO3_FOR_SECRET, SECRET_NOT_GIVEN
from gateline.model.diagnostic import Complaints
from gateline.model.secret import SecretSource

CURRENT: Final = "AWSCURRENT"
"""The stage whose value is in use, in the words of Secrets Manager."""

PENDING: Final = "AWSPENDING"
"""The stage of the value that a rotation there will make the current one."""

PATIENCE: Final = 5
"""Seconds for a connection, and as many for an answer. Asked twice at most."""


def read_from_aws(source: SecretSource, complaints: Complaints) -> bytes | None:
    """The value of a secret by its ARN (`place`); None when there is a complaint instead. It blocks."""
    try:
        return _read(source, CURRENT)[CURRENT]
    except ImportError:
        message = f"secret '{source.name}' is kept by AWS Secrets Manager, and boto3, which asks it, is not installed"
        complaints.add(NO_BOTO3_FOR_SECRET, source.origin, message, help="pip install 'gateline[aws]'")
    except Exception as problem:  # noqa: BLE001 - boto3's are of many trees: profiles, endpoints, sockets
        message = (
            f"secret '{source.name}': AWS Secrets Manager does not give {source.place}: {_reason(problem)}"
        )
        help_text = (
            "see that it is there, and that the credentials of this user may read its stage AWSCURRENT"
        )
        complaints.add(SECRET_NOT_GIVEN, source.origin, message, help=help_text)
    return None


def read_stages(source: SecretSource) -> dict[str, bytes]:
    """The values of the stages AWSCURRENT and, if there is one, AWSPENDING. It blocks.

    Raises:
        GatelineError: Secrets Manager does not give them.

    """
    try:
        return _read(source, CURRENT, PENDING)
    except Exception as problem:  # noqa: BLE001 - as above
        message = (
            f"AWS Secrets Manager does not give {source.place} of secret {source.name}: {_reason(problem)}"
        )
        raise GatelineError(message) from None


def _read(source: SecretSource, *stages: str) -> dict[str, bytes]:
    """The values by their stages; the first one must be there."""
    boto3 = importlib.import_module("boto3")
    config = importlib.import_module("botocore.config").Config(
        connect_timeout=PATIENCE, read_timeout=PATIENCE, retries={"total_max_attempts": 2}
    )
    client = boto3.Session(region_name=source.place.split(":")[3]).client("secretsmanager", config=config)
    found: dict[str, bytes] = {}
    try:
        for stage in stages:
            try:
                told = client.get_secret_value(SecretId=source.place, VersionStage=stage)
            except client.exceptions.ResourceNotFoundException:
                if stage == stages[0]:
                    raise
                continue
            text: str | None = told.get("SecretString")
            found[stage] = told.get("SecretBinary", b"") if text is None else text.encode()
    finally:
        client.close()
    return found


def _reason(problem: Exception) -> str:
    """The kind of a fault, which is enough to look for it; its own words may hold anything."""
    response = getattr(problem, "response", {})  # of a ClientError: what the service answered
    return response.get("Error", {}).get("Code") or type(problem).__name__
