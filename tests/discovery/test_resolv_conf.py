from __future__ import annotations

import pytest

from gateline.discovery.resolv_conf import ResolvConf, read_resolv_conf

TEXT = """\
# by hand
; or so
nameserver 10.0.0.2
nameserver fd00::2
nameserver 10.0.0.3
nameserver 10.0.0.4
domain old.internal
search shop.internal internal.
options ndots:5 timeout:2 attempts:9 rotate ndots:x
sortlist 10.0.0.0
"""


def test_servers_search_list_and_patience_are_read() -> None:
    assert read_resolv_conf(TEXT) == ResolvConf(
        servers=(("10.0.0.2", 53), ("fd00::2", 53), ("10.0.0.3", 53)),
        search=("shop.internal", "internal."),
        ndots=5,
        timeout=2,
        attempts=5,
    )


def test_nothing_said_is_the_usual() -> None:
    assert read_resolv_conf("nameserver\noptions timeout:0 attempts:0\n") == ResolvConf(timeout=1, attempts=1)


@pytest.mark.parametrize(
    ("name", "ndots", "names"),
    [
        ("db", 1, ["db.a.", "db.b.", "db."]),
        ("db.shop", 1, ["db.shop.", "db.shop.a.", "db.shop.b."]),
        ("db.shop", 2, ["db.shop.a.", "db.shop.b.", "db.shop."]),
        ("db.shop.", 5, ["db.shop."]),
    ],
)
def test_a_name_is_looked_for_in_the_search_list(name: str, ndots: int, names: list[str]) -> None:
    assert ResolvConf(search=("a", "b.", "."), ndots=ndots).names(name) == tuple(names)
