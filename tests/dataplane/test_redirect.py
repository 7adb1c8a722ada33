"""redirect.lua: the Location of a balancer's redirect (load-balancers.md section 3)."""

from __future__ import annotations

import pytest

from dataplane.lone_script import LoneScript, Ran
from gateline import dataplane
from gateline.compile.rule_action import LOCATION_STATE
from gateline.model.load_balancer import Redirect


def run(redirect: Redirect, target: str, host: str, *, of_host: str = "", without: str = "") -> Ran:
    context = {
        "protocol": redirect.protocol,
        "host": redirect.host,
        "port": redirect.port,
        "path": redirect.path,
        "query": redirect.query,
        "of_protocol": "http",
        "of_port": "80",
        "of_host": of_host,
    }
    context.pop(without, None)
    return LoneScript(dataplane.redirect_script()).request(target, host=host, context=context)


def location(target: str, at: str = "shop.test", *, of_host: str = "", **parts: str) -> str:
    return run(Redirect(status_code=301, **parts), target, at, of_host=of_host).state[LOCATION_STATE]


def test_what_a_redirect_does_not_name_stays_as_it_was() -> None:
    assert location("/a/b?c=d", protocol="https", port="443") == "https://shop.test:443/a/b?c=d"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("shop.test:8080", "http://shop.test:80/a"),
        ("[::1]:8080", "http://[::1]:80/a"),
        ("[::1]", "http://[::1]:80/a"),
    ],
)
def test_the_port_is_always_written_and_never_the_clients(host: str, expected: str) -> None:
    assert location("/a", host) == expected


def test_a_path_is_put_in_without_its_first_slash() -> None:
    assert location("/a/b", path="/new/#{path}") == "http://shop.test:80/new/a/b"
    assert location("/", path="/new/#{path}") == "http://shop.test:80/new/"


def test_every_placeholder_is_filled_where_it_stands() -> None:
    made = location(
        "/a?x=1",
        host="new.#{host}",
        path="/#{host}/#{port}/#{path}",
        query="p=#{protocol}&h=#{host}&q=#{port}&r=#{path}&#{query}",
    )
    assert made == "http://new.shop.test:80/shop.test/80/a?p=http&h=shop.test&q=80&r=a&x=1"


def test_an_empty_query_leaves_no_question_mark() -> None:
    assert location("/a?x=1", query="") == "http://shop.test:80/a"
    assert location("/a?") == "http://shop.test:80/a"


def test_what_a_client_sends_is_never_read_as_a_placeholder() -> None:
    assert location("/#{host}?#{port}") == "http://shop.test:80/#{host}?#{port}"


def test_a_known_host_counts_and_not_the_requests() -> None:
    assert location("/a", "api.localhost", of_host="internal.shop") == "http://internal.shop:80/a"


def test_a_failure_leaves_no_location_and_is_logged() -> None:
    failed = run(Redirect(status_code=301), "/a", "shop.test", without="path")
    assert failed.state == {}
    assert failed.logged[0].startswith("redirect.lua: ")


def test_script_and_compiler_agree_about_where_the_location_is_left() -> None:
    assert f'LOCATION_STATE = "{LOCATION_STATE}"' in dataplane.redirect_script()
