"""login.lua: whose requests leave a closed route, what is remembered, and what is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dataplane.asking import netstrings, split
from dataplane.lone_script import LoneScript, Ran
from gateline import dataplane
from gateline.compile.balancer_login import CLOSED, COOKIES_SET, LOGIN_STATE, REFRESHED
from gateline.compile.balancer_routes import UNUSUAL
from gateline.compile.table import Table, table_id
from gateline.dataplane import keys

NOW = 1_800_000_000_000
ID = "public:443/1 0123456789abcdef"
COOKIE = "Sess-0=abc"


@pytest.fixture
def script() -> LoneScript:
    return LoneScript(dataplane.balancer_script())


def told(kind: str = "session", unauthenticated: str = "authenticate", *, identity: str = ID) -> str:
    table = Table()
    cookie = ("Sess", "AWSALBAuthNonce") if kind == "session" else ("", "")
    if kind == "callback":
        cookie = ("", "AWSALBAuthNonce")
    table.put(identity, identity.partition(" ")[0], kind, unauthenticated, *cookie)
    return table.text


def granted(*cookies: str, expires: int = NOW + 60_000, who: str = "alice") -> str:
    return netstrings("1", expires, f"data-{who}", who, f"token-{who}", len(cookies), *cookies)


def saying(reply: str, status: str = "200") -> Callable[[str], tuple[str, str]]:
    return lambda _: (status, reply)


def ask(
    script: LoneScript,
    *headers: tuple[str, str],
    reply: str = "",
    status: str = "200",
    login: str | None = None,
    now: int = NOW,
    target: str = "/app?x=1",
    route: str = "",
    protocol: str = "HTTP/1.1",
    host: str = "shop.test",
) -> Ran:
    login = told() if login is None else login
    return script.request(
        target,
        *headers,
        route=route or f"balancer/public:443 rule 1 {table_id(login)}{CLOSED}",
        login=login,
        host_says=saying(reply, status),
        now=now,
        protocol=protocol,
        host=host,
    )


def let_in(ran: Ran) -> dict[str, str]:
    """What the request was let in with; empty when it was not."""
    said = {
        name.removeprefix(f"{LOGIN_STATE}.").replace(LOGIN_STATE, "id"): v for name, v in ran.state.items()
    }
    assert ("id" in said) == (ran.clears == 1) == bool(said)
    return said


def cookies(text: str) -> tuple[str, str]:
    return ("cookie", text)


NOBODY = {"id": ID}
ALICE = {"id": ID, "data": "data-alice", "identity": "alice", "token": "token-alice"}


def test_a_good_session_is_asked_about_once_and_then_remembered(script: LoneScript) -> None:
    first = ask(script, cookies(COOKIE), reply=granted())
    again = ask(script, cookies(COOKIE), reply="")
    assert (let_in(first), len(first.asked)) == (ALICE, 1)
    assert (let_in(again), again.asked) == (ALICE, ())
    assert not first.hooked
    assert not again.hooked


def test_the_host_is_told_what_it_needs(script: LoneScript) -> None:
    ran = ask(
        script,
        cookies("a=b; Sess-1=two;Sess-0=4.one; AWSALBAuthNonce=n; Sess-3=lost"),
        ("origin", "https://other.test"),
        ("sec-fetch-mode", "cors"),
        ("authorization", "Bearer of the application"),
        reply=granted(),
    )
    assert split(ran.asked[0]) == [
        "public:443/1",
        "session",
        "GET",
        "https",
        "shop.test",
        "/app?x=1",
        "Sess-0=4.one; Sess-1=two; AWSALBAuthNonce=n",
        "",
        "https://other.test",
        "cors",
        "192.0.2.7",
    ]


def test_cookies_that_are_none_of_a_session_make_no_other_one_of_it(script: LoneScript) -> None:
    """Else whoever is logged in could fill the memory, which all share."""
    assert let_in(ask(script, cookies("Sess-0=1.abc"), reply=granted()))
    for more in ("Sess-1=x", "Sess-1=y; Sess-2=z", "Sess-3=x"):
        assert ask(script, cookies(f"Sess-0=1.abc; {more}")).asked == ()
    assert let_in(ask(script, cookies("Sess-0=2.abc; Sess-1=x"), reply=granted()))
    assert len(ask(script, cookies("Sess-0=2.abc; Sess-1=y")).asked) == 1


def test_what_is_remembered_ends_with_the_hosts_word_for_it(script: LoneScript) -> None:
    assert let_in(ask(script, cookies(COOKIE), reply=granted(expires=NOW + 1000)))
    assert ask(script, cookies(COOKIE), reply=granted(), now=NOW + 999).asked == ()
    late = ask(script, cookies(COOKIE), reply=netstrings("2", "302", "", "0", ""), now=NOW + 1000)
    assert (let_in(late), len(late.asked)) == ({}, 1)


def test_a_word_for_one_request_is_not_remembered(script: LoneScript) -> None:
    assert let_in(ask(script, cookies(COOKIE), reply=granted(expires=0))) == ALICE
    assert len(ask(script, cookies(COOKIE), reply=granted(expires=0)).asked) == 1


@pytest.mark.parametrize("other", ["Sess-0=abd", "Sess-0=ab", "Sess-0=abc,Sess-0=x", "sess-0=abc"])
def test_other_cookies_are_another_session(script: LoneScript, other: str) -> None:
    assert let_in(ask(script, cookies(COOKIE), reply=granted()))
    ran = ask(script, cookies(other), reply=netstrings("2", "302", "", "0", ""))
    assert (let_in(ran), len(ran.asked)) == ({}, 1)


def test_other_cookies_beside_it_do_not_count(script: LoneScript) -> None:
    assert let_in(ask(script, cookies(COOKIE), reply=granted()))
    for text in (
        "theme=dark; Sess-0=abc",
        "Sess-0=abc; AWSALBAuthNonce=n",
        "XSess-0=zzz;Sess-0=abc; Sess-0=d",
    ):
        assert (let_in(ask(script, cookies(text))), text) == (ALICE, text)


def test_a_session_of_one_login_is_none_of_another(script: LoneScript) -> None:
    assert let_in(ask(script, cookies(COOKIE), reply=granted()))
    other = ask(script, cookies(COOKIE), login=told(identity="public:443/2 0123456789abcdef"), status="503")
    assert (let_in(other), len(other.asked)) == ({}, 1)
    edited = ask(script, cookies(COOKIE), login=told(identity="public:443/1 fedcba9876543210"), status="503")
    assert (let_in(edited), len(edited.asked)) == ({}, 1)


@pytest.mark.parametrize(
    ("first", "other", "same"),
    [
        ("shop.test", "other.test", False),
        ("shop.test", "SHOP.test:8443", True),
        ("shop.test:443", "shop.test:65535", True),
        ("shop.test", "shop.test:", False),
        ("shop.test", "shop.test:123456", False),
        ("shop.test", "shop.test8443", False),
        ("192.0.2.1", "192.0.2.1:1", True),
        ("192.0.2.1", "192.0.2.12", False),
        ("[2001:db8::1]", "[2001:db8::1]:1", True),
        ("[2001:db8::1]", "[2001:db8::2]", False),
        ("1234", "", False),
    ],
)
def test_a_session_of_one_host_is_none_of_another(
    script: LoneScript, first: str, other: str, same: bool
) -> None:
    """What a client writes of its port, and how, makes no other one: it could fill the memory that all share."""
    assert let_in(ask(script, cookies(COOKIE), host=first, reply=granted()))
    ran = ask(script, cookies(COOKIE), host=other, status="503")
    assert (bool(ran.state), len(ran.asked)) == ((True, 0) if same else (False, 1))


def test_a_token_is_one_whatever_the_host(script: LoneScript) -> None:
    jwt, good = told("jwt", "deny"), netstrings("1", NOW + 60_000, "", "", "", 0)
    header = ("authorization", "Bearer a.b.c")
    assert ask(script, header, login=jwt, reply=good).asked
    assert not ask(script, header, host="other.test", login=jwt).asked


def test_a_refreshed_sessions_cookies_are_told(script: LoneScript) -> None:
    ran = ask(script, cookies(COOKIE), reply=granted("Sess-0=new; Path=/", "Sess-1=; Path=/"))
    assert let_in(ran) == {
        **ALICE,
        "id": ID + REFRESHED,
        "cookie1": "Sess-0=new; Path=/",
        "cookie2": "Sess-1=; Path=/",
    }
    assert let_in(ask(script, cookies("Sess-0=many"), reply=granted(*["c"] * COOKIES_SET)))
    assert ask(script, cookies("Sess-0=more"), reply=granted(*["c"] * (COOKIES_SET + 1))).status == "500"


def test_what_the_host_answers_goes_to_the_client(script: LoneScript) -> None:
    reply = netstrings(
        "2",
        "302",
        "",
        "3",
        "location",
        "https://login.test/",
        "set-cookie",
        "a=1",
        "set-cookie",
        "b=2",
        "text",
    )
    ran = ask(script, reply=reply)
    assert (ran.status, ran.body, let_in(ran)) == ("302", "text", {})
    assert ran.answer["location"] == "https://login.test/"
    assert ran.answer["server"] == "awselb/2.0"
    both = ran.answer["set-cookie"]
    assert list(both.values()) == ["a=1", "b=2"]  # type: ignore[attr-defined]


def test_the_access_log_is_told_why(script: LoneScript) -> None:
    told_so = ask(script, cookies(COOKIE), reply=netstrings("2", "401", "AuthInvalidCookie", "0", ""))
    assert told_so.metadata[keys.ERROR_REASON] == "AuthInvalidCookie"
    assert ask(script, cookies(COOKIE), status="503").metadata[keys.ERROR_REASON] == "AuthUnhandledException"
    assert keys.ERROR_REASON not in ask(script, reply=netstrings("2", "302", "", "0", "")).metadata


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ("", "200"),
        ("1:1", "200"),
        ("1:x", "200"),
        ("nonsense", "200"),
        (granted()[:-3], "503"),
        (granted(), "500"),
        (netstrings("1", NOW + 1, "a\nb", "c", "d", 0), "200"),
        (netstrings("1", NOW + 1, "a", "c\rd", "d", 0), "200"),
        (netstrings("1", NOW + 1, "a", "c", "\0", 0), "200"),
        (netstrings("1", NOW + 1, "a", "b", "c", "x"), "200"),
        (netstrings("2", "302", "", "1", "location", "/\r\nx: y", ""), "200"),
        (netstrings("4"), "200"),
    ],
)
def test_an_answer_that_is_none_lets_nobody_in(script: LoneScript, reply: str, status: str) -> None:
    ran = ask(script, cookies(COOKIE), reply=reply, status=status)
    assert (let_in(ran), ran.status, ran.metadata[keys.WHY]) == ({}, "500", "login_down")
    assert ran.metadata[keys.ERROR_REASON] == "AuthUnhandledException"
    assert len(ask(script, cookies(COOKIE), reply=granted()).asked) == 1, "it was remembered"


def test_allow_lets_strangers_on_without_a_question_and_others_with_one(script: LoneScript) -> None:
    allow = told(unauthenticated="allow")
    stranger = ask(script, cookies("Sess-1=rest; other=1"), login=allow, status="503")
    assert (let_in(stranger), stranger.asked) == (NOBODY, ())
    expired = ask(script, cookies(COOKIE), login=allow, reply=netstrings("3"))
    assert (let_in(expired), len(expired.asked)) == (NOBODY, 1)
    assert let_in(ask(script, cookies(COOKIE), login=allow, reply=granted())) == ALICE


def test_deny_refuses_strangers_without_a_question(script: LoneScript) -> None:
    ran = ask(script, login=told(unauthenticated="deny"), reply=granted())
    assert (let_in(ran), ran.status, ran.asked) == ({}, "401", ())
    assert "401 Authorization Required" in ran.body
    assert let_in(ask(script, cookies(COOKIE), login=told(unauthenticated="deny"), reply=granted()))


def test_a_token_is_asked_about_once(script: LoneScript) -> None:
    jwt, good = told("jwt", "deny"), netstrings("1", NOW + 60_000, "", "", "", 0)
    header = ("authorization", "Bearer a.b.c")
    first = ask(script, header, cookies(COOKIE), login=jwt, reply=good)
    assert split(first.asked[0])[6:8] == ["", "Bearer a.b.c"]
    assert let_in(first)["id"] == ID
    assert ask(script, header, login=jwt).asked == ()
    assert ask(script, login=jwt, reply=good).status == "401"
    other = ask(
        script, ("authorization", "Bearer a.b.d"), login=jwt, reply=netstrings("2", "401", "", "0", "")
    )
    assert (let_in(other), other.status) == ({}, "401")


def test_a_token_is_no_session(script: LoneScript) -> None:
    """The same text as cookies of a session and as a token are two keys: their logins are two."""
    assert let_in(ask(script, cookies(COOKIE), reply=granted()))
    ran = ask(script, ("authorization", COOKIE), login=told("jwt", "deny", identity=ID + "x"), status="503")
    assert let_in(ran) == {}


def test_the_way_back_from_the_provider_is_always_answered(script: LoneScript) -> None:
    callback = told("callback", identity="public:443 callback")
    target = "/oauth2/idpresponse?code=c&state=s"
    ran = ask(script, cookies("Sess-0=x; AWSALBAuthNonce=n"), login=callback, target=target, reply=granted())
    assert (ran.status, let_in(ran)) == ("500", {})
    assert split(ran.asked[0])[:7] == [
        "public:443",
        "callback",
        "GET",
        "https",
        "shop.test",
        target,
        "AWSALBAuthNonce=n",
    ]


def test_an_odd_path_logs_in_after_it_was_judged(script: LoneScript) -> None:
    table = Table()
    table.put(1, 0)

    def asked(path: str) -> Ran:
        return script.request(
            path,
            cookies(COOKIE),
            route=UNUSUAL,
            context={"id": "odd", "table": table.text},
            login=told(),
            host_says=saying(granted()),
            now=NOW,
        )

    ran = asked("/a%20b")
    assert (ran.state[LOGIN_STATE], ran.clears) == (ID, 2)
    refused = asked("/a/../b")
    assert (dict(refused.state), refused.clears, refused.asked) == ({}, 0, ())


def test_a_header_that_was_seen_before_is_one_logins_and_one_hosts_for_as_long_as_its_session(
    script: LoneScript,
) -> None:
    ask(script, cookies(COOKIE), reply=granted())
    for _ in range(3):
        assert let_in(ask(script, cookies(COOKIE))) == ALICE
    another = told(identity="public:443/2 0123456789abcdef")
    edited = told(identity="public:443/1 fedcba9876543210")
    for asked in (
        ask(script, cookies(COOKIE), status="503", host="other.test"),
        ask(script, cookies(COOKIE), status="503", login=another),
        ask(script, cookies(COOKIE), status="503", login=edited),
        ask(script, cookies(COOKIE), status="503", now=NOW + 60_000),
        ask(script, cookies(COOKIE + "d"), status="503"),
    ):
        assert (dict(asked.state), len(asked.asked)) == ({}, 1)
    assert let_in(ask(script, cookies(COOKIE))) == ALICE


def test_other_cookies_beside_a_session_do_not_matter_however_many_were_seen(script: LoneScript) -> None:
    ask(script, cookies(COOKIE), reply=granted())
    for index in range(4100):
        ran = ask(script, cookies(f"{COOKIE}; other={index}"))
        assert (let_in(ran), ran.asked) == (ALICE, ())


def test_a_route_that_is_not_closed_by_its_name_asks_nobody(script: LoneScript) -> None:
    ran = ask(script, cookies(COOKIE), reply=granted(), route="balancer/public:443 rule 1")
    assert (dict(ran.state), ran.clears, ran.asked) == ({}, 0, ())


def test_a_route_without_a_login_asks_nobody(script: LoneScript) -> None:
    ran = ask(script, cookies(COOKIE), login="", reply=granted())
    assert (ran.metadata, ran.clears, ran.asked) == ({}, 0, ())


@pytest.mark.parametrize("filler", ["Sess-0x=", "Sess-", "Sess-0=;", "x;", "=", "; "])
def test_a_header_full_of_almost_cookies_stays_within_the_budget(script: LoneScript, filler: str) -> None:
    text = filler * (60_000 // len(filler))
    ran = ask(script, cookies(text), reply=netstrings("2", "302", "", "0", ""))
    assert (ran.status, ran.hooked) == ("302", False)


def test_memory_is_bounded(script: LoneScript) -> None:
    """Sessions of 12 KB each: far more than the bound holds; the first is forgotten, the last is not."""
    data = "d" * 12_000
    reply = netstrings("1", NOW + 60_000, data, "a", "t", 0)
    for number in range(3000):
        assert ask(script, cookies(f"Sess-0={number}"), reply=reply).status == ""
    assert len(ask(script, cookies("Sess-0=0"), reply=reply).asked) == 1
    assert ask(script, cookies("Sess-0=2999")).asked == ()


def test_a_table_that_is_none_answers_500(script: LoneScript) -> None:
    ran = ask(script, cookies(COOKIE), login="no table", reply=granted())
    assert (let_in(ran), ran.status, ran.metadata[keys.WHY]) == ({}, "500", "script")
