"""Clients of AWS services by boto3 (the extra `gateline[aws]`), with the gateway's own credentials.

boto3 finds those, and endpoints, as it always does; a project's `gateway.aws.endpoints` come first.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final

from gateline.errors import SourceSilent
from gateline.model.discovery import AwsPlace

PATIENCE: Final = 5
"""Seconds for a connection, and as many for an answer."""

MakeClient = Callable[[str, AwsPlace], Any]


def make_client(service: str, place: AwsPlace) -> Any:  # noqa: ANN401 - boto3 has no types
    """A client of a service. It takes a tenth of a second and more.

    Raises:
        SourceSilent: boto3 is not installed, or there is no such region.

    """
    try:
        boto3 = importlib.import_module("boto3")
        config = importlib.import_module("botocore.config").Config(
            connect_timeout=PATIENCE,
            read_timeout=PATIENCE,
            retries={"total_max_attempts": 1},  # whoever asks asks again by itself, later each time
        )
        endpoints = dict(place.endpoints)
        url = endpoints.get(service) or endpoints.get("") or None
        return boto3.Session(region_name=place.region).client(service, endpoint_url=url, config=config)
    except ImportError:
        message = "boto3, which asks AWS, is not installed: pip install 'gateline[aws]'"
        raise SourceSilent(message) from None
    except Exception as problem:  # noqa: BLE001 - as below
        raise silent(service, problem) from None


def silent(service: str, problem: Exception) -> SourceSilent:
    """Why there is no answer: the kind of the fault alone, because its own words may hold anything."""
    response = getattr(problem, "response", {})  # of a ClientError: what the service answered
    kind = response.get("Error", {}).get("Code") or type(problem).__name__
    return SourceSilent(f"AWS {service} does not answer: {kind}")
