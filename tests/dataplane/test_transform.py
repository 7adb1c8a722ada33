"""transform.lua: which outcomes of transforms a request takes on, and which mark it."""

from __future__ import annotations

import pytest

from dataplane.lone_script import LoneScript, Ran
from gateline import dataplane
from gateline.dataplane import keys


@pytest.fixture(scope="module")
def script() -> LoneScript:
    return LoneScript(dataplane.transform_script())


def become(
    script: LoneScript, *, url: str | None = None, host: str | None = None, strict: bool = True
) -> Ran:
    """A request to `/old` of `old.test` that transforms made this of; None: there is no such transform."""
    made = {name: text for name, text in ((":path", url), (":authority", host)) if text is not None}
    context = {
        "url": str(int(url is not None)),
        "host": str(int(host is not None)),
        "strict": str(int(strict)),
    }
    return script.request("/old", context=context, host="old.test", metadata={keys.TRANSFORMED: made})


def why(ran: Ran) -> str:
    """Why a request was marked, which then meets the route for those."""
    assert ran.metadata.get(keys.UNTRANSFORMED) == "1"
    assert (ran.header(":path"), ran.header(":authority"), ran.clears) == ("/old", "old.test", 1)
    return str(ran.metadata[keys.WHY])


def test_a_request_becomes_what_was_made_of_it(script: LoneScript) -> None:
    ran = become(script, url="/new?a=%20b", host="New.test.:8080")
    assert (ran.header(":path"), ran.header(":authority")) == ("/new?a=%20b", "New.test.:8080")
    assert (ran.metadata, ran.clears, ran.hooked) == ({keys.REQUEST: "GET /old"}, 0, False)


def test_the_log_is_told_what_came_unless_it_was_told_before(script: LoneScript) -> None:
    told = {keys.TRANSFORMED: {":path": "/new"}, keys.NAMESPACE: {keys.REQUEST: "GET /first"}}
    ran = script.request("/old", context={"url": "1", "host": "0", "strict": "1"}, metadata=told)
    assert ran.metadata == {keys.REQUEST: "GET /first"}


def test_what_did_not_match_stays_as_it_is(script: LoneScript) -> None:
    ran = become(script, url="/old", host="old.test")
    assert (ran.header(":path"), ran.header(":authority"), ran.metadata) == ("/old", "old.test", {})


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "request_target"),
        ("new", "request_target"),
        ("?a", "request_target"),
        ("/a b", "transform_target"),
        ("/a\tb", "transform_target"),
        ("/a?\x7f", "transform_target"),
        ("/\xe9", "transform_target"),
        ("/" + "a" * 16_384, "transform_target"),
        ("/a#b", "path_fragment"),
        ("/a?b#c", "path_fragment"),
        ("/a/../b", "path_dot_segment"),
        ("/a/.", "path_dot_segment"),
        ("/a/%2e%2E/b", "path_dot_segment"),
        ("/a\\b", "path_backslash"),
        ("/a%5Cb", "path_backslash"),
        ("/a%00", "path_control_byte"),
        ("/a%", "path_percent"),
        ("/a/%252e%252e/b", "path_ambiguous"),
    ],
)
def test_a_target_that_no_client_may_send_marks_the_request(
    script: LoneScript, url: str, reason: str
) -> None:
    assert why(become(script, url=url)) == reason


def test_in_lenient_mode_a_path_may_be_decoded_twice(script: LoneScript) -> None:
    assert become(script, url="/a/%252e%252e/b", strict=False).header(":path") == "/a/%252e%252e/b"


@pytest.mark.parametrize(
    "host", ["", "a b", "a..test", "a.test:80:81", "a.test:", "a,b", "-\x00", ":80", "a/b", "[::1"]
)
def test_a_host_that_is_none_marks_the_request(script: LoneScript, host: str) -> None:
    assert why(become(script, host=host)) == "transform_host"


def test_an_outcome_that_is_missing_marks_the_request(script: LoneScript) -> None:
    context = {"url": "1", "host": "0", "strict": "1"}
    assert why(script.request("/old", context=context, host="old.test")) == "transform_target"
    context = {"url": "0", "host": "1", "strict": "1"}
    assert why(script.request("/old", context=context, host="old.test")) == "transform_host"


def test_a_script_that_fails_marks_the_request(script: LoneScript) -> None:
    context = {"url": "1", "host": "0", "strict": "1"}
    made = {keys.TRANSFORMED: {":path": 5}}
    ran = script.request("/old", context=context, host="old.test", metadata=made)
    assert why(ran) == "script"
    assert ran.logged
