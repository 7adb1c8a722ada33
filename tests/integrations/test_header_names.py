"""How headers are spelled in an authorizer's event, where Envoy knows them in lower case only."""

from __future__ import annotations

import pytest

from gateline.integrations.header_names import AMAZON_SPELLS, spellings


@pytest.mark.parametrize(
    ("name", "protocol", "expected"),
    [
        ("authorization", "HTTP/1.1", "Authorization"),  # [R] section 9, however the definition spells it
        ("user-agent", "HTTP/2", "User-Agent"),  # [R] section 9
        ("x-forwarded-for", "HTTP/2", "X-Forwarded-For"),
        ("x-tenant", "HTTP/1.1", "X-TENANT"),
        ("x-tenant", "HTTP/2", "X-TENANT"),
        ("content-type", "HTTP/1.1", "Content-Type"),
        ("content-type", "HTTP/2", "content-type"),  # aws/aws-sam-cli#1860
        ("x-test-camel-dashes", "HTTP/1.1", "x-test-camel-dashes"),
        ("x-test-camel-dashes", "HTTP/2", "x-test-camel-dashes"),  # aws/aws-sam-cli#1860
        ("accept", "HTTP/2", "ACCEPT"),  # the definition's, before any usage
    ],
)
def test_a_name_is_spelled(name: str, protocol: str, expected: str) -> None:
    definition = ("X-TENANT", "x-tenant", "authorization", "ACCEPT")
    assert spellings(definition, protocol).get(name, name) == expected


def test_amazons_spellings_are_found_by_their_lower_case() -> None:
    assert all(lower == name.lower() != name for lower, name in AMAZON_SPELLS.items())
