"""The types of gateway responses: the table of api-gateway.md section 14."""

from __future__ import annotations

import pytest

from gateline.model.gateway_response import RESPONSE_TYPES, Answer, Part, PartKind

INTERNAL = "InternalServerErrorException"
BAD = "BadRequestException"
UNSURE = "AuthorizerConfigurationException"


@pytest.mark.parametrize(
    ("name", "status", "message", "error_type"),
    [
        ("ACCESS_DENIED", 403, "User is not authorized to access this resource", "AccessDeniedException"),
        ("API_CONFIGURATION_ERROR", 500, "Internal server error", INTERNAL),
        ("AUTHORIZER_CONFIGURATION_ERROR", 500, None, UNSURE),
        ("AUTHORIZER_FAILURE", 500, None, UNSURE),
        ("BAD_REQUEST_BODY", 400, "Invalid request body", BAD),
        ("BAD_REQUEST_PARAMETERS", 400, "Missing required request parameters", BAD),
        ("DEFAULT_4XX", None, None, BAD),
        ("DEFAULT_5XX", None, None, INTERNAL),
        ("INTEGRATION_FAILURE", 504, "Network error communicating with endpoint", INTERNAL),
        ("INTEGRATION_TIMEOUT", 504, "Endpoint request timed out", INTERNAL),
        ("INVALID_API_KEY", 403, "Forbidden", "ForbiddenException"),
        (
            "MISSING_AUTHENTICATION_TOKEN",
            403,
            "Missing Authentication Token",
            "MissingAuthenticationTokenException",
        ),
        ("QUOTA_EXCEEDED", 429, "Limit Exceeded", "LimitExceededException"),
        ("REQUEST_TOO_LARGE", 413, "Request Too Long", BAD),
        ("THROTTLED", 429, "Too Many Requests", "TooManyRequestsException"),
        ("UNAUTHORIZED", 401, "Unauthorized", "UnauthorizedException"),
        ("UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported Media Type", BAD),
    ],
)
def test_a_type_has_amazons_status_message_and_error_type(
    name: str, status: int | None, message: str | None, error_type: str
) -> None:
    found = RESPONSE_TYPES[name]
    assert (found.status, found.message, found.error_type) == (status, message, error_type)


def test_there_are_as_many_types_as_amazon_has() -> None:
    assert len(RESPONSE_TYPES) == 21


def test_an_answer_that_only_adds_a_header_leaves_the_status() -> None:
    assert Answer(type="UNAUTHORIZED", headers=(("x", (Part(PartKind.TEXT, "y"),)),)).status == 0
