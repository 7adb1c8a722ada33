"""api-gateway.md section 12: which media types are binary."""

from __future__ import annotations

import pytest

from gateline.integrations.binary_media_type import is_binary


@pytest.mark.parametrize(
    ("header", "configured", "expected"),
    [
        ("image/png", ["image/png"], True),
        ("IMAGE/PNG", ["image/png"], True),
        ("image/png; q=1", ["image/png"], True),
        ("multipart/form-data; boundary=x", ["multipart/form-data"], True),
        ("image/jpeg", ["image/png"], False),
        ("application/zip", ["application/*"], True),
        ("applications/zip", ["application/*"], False),
        ("text/plain", ["*/*"], True),
        ("image/png", ["*/png"], False),  # not honoured [R]
        ("image/png, text/html", ["image/png"], True),  # only the first counts [R]
        ("text/html, image/png", ["image/png"], False),
        ("image/*", ["image/png"], False),  # [R]
        ("*/*", ["image/png"], False),  # [R]
        ("application/*", ["application/*"], True),  # [R]
        (None, ["image/png", "application/*"], False),
        (None, ["*/*"], True),  # [F]
        ("", ["/*"], False),
        ("image/png", [], False),
    ],
)
def test_a_header_is_matched_with_the_configured_types(
    header: str | None, configured: list[str], expected: bool
) -> None:
    assert is_binary(header, configured) is expected
