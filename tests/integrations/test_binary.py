"""contentHandling: both tables of api-gateway.md section 12, row by row."""

from __future__ import annotations

import pytest

from gateline.integrations.binary import request_payload, response_payload, text_of
from gateline.integrations.binary_media_type import is_binary
from gateline.integrations.outgoing import Refusal

TO_BINARY, TO_TEXT = "CONVERT_TO_BINARY", "CONVERT_TO_TEXT"
PNG = b"\x89PNG\xff"
BASE64 = b"iVBORw=="
DECODED = b"\x89PNG"


@pytest.mark.parametrize(
    ("body", "binary", "handling", "payload"),
    [
        (b"text", False, "", b"text"),
        (b"text", False, TO_TEXT, b"text"),
        (PNG, False, "", "\ufffdPNG\ufffd".encode()),
        (PNG, False, TO_TEXT, "\ufffdPNG\ufffd".encode()),
        (BASE64, False, TO_BINARY, DECODED),
        (b"", False, TO_BINARY, b""),
        (PNG, True, "", PNG),
        (PNG, True, TO_BINARY, PNG),
        (DECODED, True, TO_TEXT, BASE64),
    ],
)
def test_a_request_is_converted(body: bytes, binary: bool, handling: str, payload: bytes) -> None:
    assert request_payload(body, is_binary=binary, handling=handling) == payload


@pytest.mark.parametrize("body", [b"no base64!", b"abc", b"iVBORw==\n", PNG])
def test_a_request_that_is_no_base64_is_500(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        request_payload(body, is_binary=False, handling=TO_BINARY)
    assert refused.value.type == "API_CONFIGURATION_ERROR"


@pytest.mark.parametrize(
    ("binary", "accepted", "handling", "body", "payload"),
    [
        (False, False, "", PNG, "\ufffdPNG\ufffd".encode()),
        (False, False, TO_BINARY, BASE64, DECODED),
        (False, False, TO_TEXT, BASE64, BASE64),
        (False, True, "", BASE64, DECODED),
        (False, True, TO_BINARY, BASE64, DECODED),
        (False, True, TO_TEXT, BASE64, BASE64),
        (True, False, "", DECODED, BASE64),
        (True, False, TO_BINARY, PNG, PNG),
        (True, False, TO_TEXT, DECODED, BASE64),
        (True, True, "", PNG, PNG),
        (True, True, TO_BINARY, PNG, PNG),
        (True, True, TO_TEXT, DECODED, BASE64),
    ],
)
def test_a_response_is_converted(
    binary: bool, accepted: bool, handling: str, body: bytes, payload: bytes
) -> None:
    converted = response_payload(body, is_binary=binary, is_accepted=accepted, handling=handling)
    assert converted == payload


@pytest.mark.parametrize(("accepted", "handling"), [(True, ""), (True, TO_BINARY), (False, TO_BINARY)])
def test_a_response_that_is_no_base64_is_500(accepted: bool, handling: str) -> None:
    with pytest.raises(Refusal) as refused:
        response_payload(b'{"a": 1}', is_binary=False, is_accepted=accepted, handling=handling)
    assert refused.value.type == "API_CONFIGURATION_ERROR"


@pytest.mark.parametrize(
    ("header", "configured", "expected"),
    [
        ("image/png", "image/png", True),
        ("image/png; q=1", "image/png", True),
        ("image/png", "image/*", True),
        ("image/png", "*/png", False),
        ("image/png, text/html", "image/png", True),
        ("text/html, image/png", "image/png", False),
        ("image/*", "image/png", False),
        ("*/*", "image/png", False),
        ("application/*", "application/*", True),
        (None, "image/png", False),
        (None, "*/*", True),
    ],
)
def test_media_types_match_as_recorded(header: str | None, configured: str, expected: bool) -> None:
    assert is_binary(header, (configured,)) is expected


def test_a_template_reads_text_and_no_bytes() -> None:
    assert text_of("ü".encode()) == "ü"
    with pytest.raises(Refusal):
        text_of(PNG)
