"""Odd forms of a path: the table of DESIGN section 5, in both modes, byte for byte."""

from __future__ import annotations

import pytest

from compile.gateways import api, compiled, gateway, http_proxy, mapping, method, of_request
from dataplane.simulated_envoy import SimulatedEnvoy
from gateline.model.gateway import PathMode


def envoy_in(mode: PathMode) -> SimulatedEnvoy:
    """A static resource beside one that hands over what it gets."""
    proxy = http_proxy("http://b.test/up/{p}", mapping("path.p", of_request("path.p")))
    return SimulatedEnvoy(
        compiled(
            gateway(
                api(method("GET", "/x/{p+}", proxy), method("GET", "/x/admin"), method("GET", "/")),
                paths=mode,
            )
        )
    )


@pytest.fixture(scope="module", params=list(PathMode))
def either(request: pytest.FixtureRequest) -> SimulatedEnvoy:
    return envoy_in(request.param)


@pytest.fixture(scope="module")
def strict() -> SimulatedEnvoy:
    return envoy_in(PathMode.STRICT)


@pytest.fixture(scope="module")
def lenient() -> SimulatedEnvoy:
    return envoy_in(PathMode.AWS)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/dev/x/../admin", "path_dot_segment"),
        ("/dev/x/./admin", "path_dot_segment"),
        ("/dev/x/..", "path_dot_segment"),
        ("/dev/x/.", "path_dot_segment"),
        ("/dev/../x/a", "path_dot_segment"),
        ("/../dev/x/a", "path_dot_segment"),
        ("/dev/x/%2e%2e/admin", "path_dot_segment"),
        ("/dev/x/%2E/admin", "path_dot_segment"),
        ("/dev/x/.%2e/admin", "path_dot_segment"),
        ("/dev/x/%2e./admin", "path_dot_segment"),
        ("/dev/x/..%2fadmin", "path_dot_segment"),
        ("/dev/x/a%2f..%2fadmin", "path_dot_segment"),
        ("/dev/x/..;/admin", "path_dot_segment"),
        ("/dev/x/..;a=b/admin", "path_dot_segment"),
        ("/dev/x/%2e%2e;a/admin", "path_dot_segment"),
        ("/dev/x/..%3ba/admin", "path_dot_segment"),
        ("/dev/x/.;", "path_dot_segment"),
        ("/dev/x/a\\b", "path_backslash"),
        ("/dev/x/..\\admin", "path_backslash"),
        ("/dev/x/a%5cb", "path_backslash"),
        ("/dev/x/a%5Cb", "path_backslash"),
        ("/dev/x/a%00", "path_control_byte"),
        ("/dev/x/a%0d%0ab", "path_control_byte"),
        ("/dev/x/a%7f", "path_control_byte"),
        ("/dev/x/a\x00", "path_control_byte"),
        ("/dev/x/a\x1f", "path_control_byte"),
        ("/dev/x/a%", "path_percent"),
        ("/dev/x/a%2", "path_percent"),
        ("/dev/x/a%zz", "path_percent"),
        ("/dev/x/%%41", "path_percent"),
        ("/dev/x/a#b", "path_fragment"),
        ("/dev/x/a#/../admin", "path_fragment"),
        ("/dev/x/a?b#c", "path_fragment"),
        ("/dev/x/%c0%ae%c0%ae/admin", "path_overlong_utf8"),
        ("/dev/x/%e0%80%ae/admin", "path_overlong_utf8"),
        ("/dev/x/%f0%80%80%ae/admin", "path_overlong_utf8"),
        ("/dev/x/%f8%80%80%80%ae/admin", "path_overlong_utf8"),
        ("/dev/x/\xc0\xaf", "path_overlong_utf8"),
    ],
)
def test_these_forms_are_refused_in_both_modes(either: SimulatedEnvoy, path: str, why: str) -> None:
    outcome = either.request("GET", path)
    assert outcome.answer is not None
    assert (outcome.answer.status, outcome.answer.body) == (400, '{"message":"Bad Request"}')
    if "#" not in path:
        assert outcome.why == why


@pytest.mark.parametrize(
    "tail",
    [
        "a%2Fb",
        "a%2fb",
        "%61",
        "a//b",
        "a;v=1/b",
        "a%3Bv=1",
        "a%252Fb",
        "a%2520b",
        "caf%C3%A9",
        "caf\xc3\xa9",
        "...",
        "..a",
        "a..",
        "a.",
        ".well-known/x",
        "a%20b",
        "!$&'()*+,=:@~_-",
        "a%25b",
    ],
)
def test_these_forms_keep_their_bytes_in_both_modes(either: SimulatedEnvoy, tail: str) -> None:
    outcome = either.request("GET", f"/dev/x/{tail}")
    assert outcome.verdict == "orders/dev GET /x/{p+}"
    assert outcome.path == f"/up/{tail}"


@pytest.mark.parametrize(
    "path",
    [
        "/dev/x/%61dmin",
        "/dev/x/adm%69n",
        "/dev/x//admin",
        "/dev/x/admin;a=b",
        "/dev/x/;a/admin",
        "/dev/x/%2561dmin",
        "/dev/x/admin%3Ba",
        "/dev/x/%2Fadmin",
        "/dev/x/admin%2F",
        "/dev/x///admin//",
    ],
)
def test_strict_mode_refuses_a_form_whose_other_reading_is_another_route(
    strict: SimulatedEnvoy, lenient: SimulatedEnvoy, path: str
) -> None:
    assert lenient.request("GET", path).verdict == "orders/dev GET /x/{p+}"
    assert strict.request("GET", path).verdict == "400 path_ambiguous"


@pytest.mark.parametrize("path", ["/dev/x%2Fadmin", "/dev/x;a=b/admin", "/dev/%78/admin", "/dev%2Fx/admin"])
def test_a_path_is_matched_undecoded_in_both_modes(either: SimulatedEnvoy, path: str) -> None:
    assert either.request("GET", path).verdict in ("403 no_method", "403 stage")


def test_strict_mode_refuses_what_is_a_dot_segment_when_decoded_twice(strict: SimulatedEnvoy) -> None:
    for path in (
        "/dev/x/%252e%252e/admin",
        "/dev/x/%252e%252e",
        "/dev/x/a%252f..%252fadmin",
        "/dev/x/a%255cb",
    ):
        assert strict.request("GET", path).verdict == "400 path_ambiguous", path


def test_aws_mode_keeps_the_bytes_of_what_is_encoded_twice(lenient: SimulatedEnvoy) -> None:
    assert lenient.request("GET", "/dev/x/%252e%252e/admin").path == "/up/%252e%252e/admin"


def test_bytes_that_are_no_utf8_but_not_overlong_pass(either: SimulatedEnvoy) -> None:
    for tail in ("M%FCnchen", "%E0a", "%F0a", "\xfc"):
        assert either.request("GET", f"/dev/x/{tail}").path == f"/up/{tail}"


def test_letter_case_matters_in_both_modes(either: SimulatedEnvoy) -> None:
    assert either.request("GET", "/dev/x/Admin").verdict == "orders/dev GET /x/{p+}"
    assert either.request("GET", "/dev/X/admin").verdict == "403 no_method"


def test_a_target_that_is_no_path_is_a_bad_request(either: SimulatedEnvoy) -> None:
    for target in ("*", "http://evil.test/dev/x/a", "dev/x/a", "?a", "\\dev"):
        assert either.request("OPTIONS", target).verdict == "400 request_target", target


def test_the_query_may_hold_what_a_path_may_not(either: SimulatedEnvoy) -> None:
    outcome = either.request("GET", "/dev/x/a?next=../b&c=%00&d=a\\b;e")
    assert outcome.path == "/up/a?next=../b&c=%00&d=a\\b;e"
