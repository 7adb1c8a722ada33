from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_client_certificate import ClientCertificatePart, TargetTlsPart


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"generate": False},
        {"certificate": "a.pem"},
        {"private_key": "a.key"},
        {"generate": True, "certificate": "a.pem", "private_key": "a.key"},
        {"certificate": "a.pem", "private_key": "a.key", "rotate_every_seconds": 60},
        {"generate": True, "rotate_every_seconds": 0},
        {"generate": True, "rotate_every_seconds": 31536001},
    ],
)
def test_a_client_certificate_has_one_source(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ClientCertificatePart.model_validate(written)


def test_a_generated_one_is_replaced_every_thirty_days_if_nothing_else_is_said() -> None:
    assert ClientCertificatePart.model_validate({"generate": True}).rotate_every_seconds == 30 * 86400


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"ca": "gateline"},
        {"identity": "orders.internal"},
        {"ca": "gateline", "identity": "*.internal"},
        {"ca": "gateline", "identity": "spiffe://Shop/service/orders"},
        {"ca": "gateline", "identity": "spiffe://shop"},
        {"ca": "gateline", "identity": "spiffe://shop/a?b"},
        {"ca": "gateline", "identity": "https://orders.internal/"},
        {"ca": "gateline", "identity": ""},
        {"identity": "orders.internal", "server_name": "orders.internal"},
        {"server_name": "10.0.0.1"},
        {"server_name": "*.internal"},
    ],
)
def test_who_targets_are_is_one_identity_with_somebody_who_vouches_for_it(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TargetTlsPart.model_validate(written)


@pytest.mark.parametrize(
    ("written", "identity"),
    [
        ("spiffe://shop/service/orders", "spiffe://shop/service/orders"),
        ("Orders.Internal", "orders.internal"),
        ("::0001", "::1"),
    ],
)
def test_an_identity_is_written_as_certificates_name_it(written: str, identity: str) -> None:
    assert TargetTlsPart.model_validate({"ca": "gateline", "identity": written}).identity == identity
