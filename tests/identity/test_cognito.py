"""Endpoints of user pools."""

from __future__ import annotations

import pytest

from gateline.identity.cognito import CognitoEndpoints, cognito_endpoints

POOL = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbCdEf123"


def test_a_prefix_is_a_domain_of_amazons() -> None:
    assert cognito_endpoints(POOL, "shop") == CognitoEndpoints(
        issuer="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123",
        authorization_endpoint="https://shop.auth.eu-west-1.amazoncognito.com/oauth2/authorize",
        token_endpoint="https://shop.auth.eu-west-1.amazoncognito.com/oauth2/token",
        user_info_endpoint="https://shop.auth.eu-west-1.amazoncognito.com/oauth2/userInfo",
    )


def test_a_domain_of_ones_own_is_taken_as_it_is() -> None:
    found = cognito_endpoints(POOL, "login.example.com")
    assert found is not None
    assert found.token_endpoint == "https://login.example.com/oauth2/token"
    assert found.issuer.endswith("/eu-west-1_AbCdEf123")


@pytest.mark.parametrize(
    ("arn", "domain"),
    [
        (POOL.replace("userpool/eu-west-1", "userpool/us-east-1"), "shop"),
        (POOL.replace("cognito-idp", "cognito-identity"), "shop"),
        (POOL + "/x", "shop"),
        ("eu-west-1_AbCdEf123", "shop"),
        (POOL, ""),
        (POOL, "https://shop"),
        (POOL, "Shop"),
        (POOL, "-shop"),
        (POOL, "shop/evil"),
    ],
)
def test_what_is_no_pool_or_no_domain_has_none(arn: str, domain: str) -> None:
    assert cognito_endpoints(arn, domain) is None
