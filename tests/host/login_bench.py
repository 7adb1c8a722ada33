"""Logins in front of a provider, asked as `balancer.lua` asks them; with a browser's cookies, and a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from gateline.dataplane.netstring import NetstringReader, NetstringWriter
from gateline.functions.speech import Said, Trouble
from gateline.host.login import Logins
from gateline.identity.claims_token import make_key
from gateline.model.hosting import HostConfiguration, HostedLogin
from gateline.model.login import NONCE_COOKIE
from harness.nasty_provider import NastyProvider
from identity.logins import KEY, NOW, hosted

HOST: Final = "shop.example.com"
RULE: Final = "front:8443/10"
KEYS: Final = (("kid-1", make_key()),)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of the host."""

    kind: str  # "1" | "2" | "3"
    status: int = 0
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    until: float = 0  # seconds since the epoch
    data: str = ""
    subject: str = ""
    access_token: str = ""
    cookies: tuple[str, ...] = ()  # Set-Cookie values

    @property
    def location(self) -> str:
        """Where the client is sent."""
        return dict(self.headers).get("location", "")

    @property
    def query(self) -> dict[str, str]:
        """The parameters of that."""
        return {name: value for name, [value] in parse_qs(urlsplit(self.location).query).items()}


def read_reply(data: bytes) -> Reply:
    """A reply as the script reads it."""
    reader = NetstringReader(data)
    kind = reader.take_text()
    reply = Reply(kind)
    if kind == "1":
        until = reader.take_number() / 1000
        said, subject, token = reader.take_text(), reader.take_text(), reader.take_text()
        cookies = tuple(each.decode() for each in reader.take_all())
        reply = Reply(kind, until=until, data=said, subject=subject, access_token=token, cookies=cookies)
    elif kind == "2":
        status, reason = reader.take_number(), reader.take_text()
        headers = tuple((name.decode(), value.decode()) for name, value in reader.take_pairs())
        cookies = tuple(value for name, value in headers if name == "set-cookie")
        reply = Reply(
            kind, status=status, reason=reason, headers=headers, cookies=cookies, body=reader.take()
        )
    reader.end()
    return reply


@dataclass(slots=True)
class Browser:
    """A browser's cookies."""

    cookies: dict[str, str] = field(default_factory=dict)

    def take(self, reply: Reply) -> None:
        """Keep what a reply sets, drop what it expires."""
        for text in reply.cookies:
            name, _, value = text.partition(";")[0].partition("=")
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)

    @property
    def text(self) -> str:
        """The Cookie header."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def copy(self) -> Browser:
        """Another one with the same cookies."""
        return Browser(dict(self.cookies))


class LoginBench:
    """Logins with a clock that stands still until it is put on."""

    def __init__(self, provider: NastyProvider) -> None:
        self.seconds: float = NOW
        self.provider = provider
        provider.now = lambda: self.seconds
        self.told: list[Said | Trouble] = []
        self.logins = Logins(self.told.append, now=lambda: int(self.seconds * 1000))

    def rule(self, name: str = RULE, **changed: Any) -> HostedLogin:
        """A login at this provider."""
        issuer = self.provider.issuer
        places = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/auth",
            "token_endpoint": f"{issuer}/token",
            "user_info_endpoint": f"{issuer}/me",
        }
        return hosted(name, **(places | changed))

    async def configure(self, *logins: HostedLogin, keys: tuple[bytes, ...] = (KEY,)) -> None:
        """Answer for these."""
        await self.logins.configure(
            HostConfiguration(logins=logins, session_keys=tuple(key.hex() for key in keys), claims_keys=KEYS)
        )

    async def ask(
        self,
        browser: Browser | None = None,
        *,
        login: str = RULE,
        kind: str = "session",
        path: str = "/orders?a=1",
        method: str = "GET",
        authority: str = HOST,
        authorization: str = "",
        origin: str = "",
        mode: str = "",
        peer: str = "192.0.2.1",
    ) -> Reply:
        """Ask as the script does; the browser takes the cookies that come back."""
        browser = browser if browser is not None else Browser()
        reply = await self.send(
            login,
            kind,
            path=path,
            method=method,
            authority=authority,
            cookies=browser.text,
            authorization=authorization,
            origin=origin,
            mode=mode,
            peer=peer,
        )
        browser.take(reply)
        return reply

    async def send(
        self,
        login: str,
        kind: str,
        *,
        path: str,
        method: str,
        authority: str,
        cookies: str,
        authorization: str,
        origin: str,
        mode: str,
        peer: str,
    ) -> Reply:
        """The reply to a question, of which each text is the bytes of Latin-1."""
        writer = NetstringWriter()
        for text in (
            login,
            kind,
            method,
            "https",
            authority,
            path,
            cookies,
            authorization,
            origin,
            mode,
            peer,
        ):
            writer.put(text.encode("latin-1"))
        return read_reply(await self.logins(writer.data))

    async def call_back(
        self, browser: Browser, state: str, *, code: str = "code-1", more: str = "", **asked: Any
    ) -> Reply:
        """What a browser asks for that comes from the provider."""
        path = f"/oauth2/idpresponse?code={code}&state={state}{more}"
        return await self.ask(browser, kind="callback", path=path, **asked)

    async def log_in(self, browser: Browser | None = None, **asked: Any) -> Browser:
        """A browser that is logged in."""
        browser = browser if browser is not None else Browser()
        sent = await self.ask(browser, **asked)
        assert sent.status == 302, sent
        self.provider.nonce = sent.query["nonce"]
        done = await self.call_back(browser, sent.query["state"])
        assert done.status == 302, (done, self.told)
        return browser


def stands(provider: NastyProvider, story: Callable[[LoginBench], Awaitable[None]], **changed: Any) -> None:
    """Run a story with one login, of which these words are changed."""

    async def run() -> None:
        bench = LoginBench(provider)
        await bench.configure(bench.rule(**changed))
        try:
            await story(bench)
        finally:
            await bench.logins.close()

    asyncio.run(run())


def without_nonce(browser: Browser) -> Browser:
    """The same browser, of which the nonce is gone."""
    kept = {name: value for name, value in browser.cookies.items() if name != NONCE_COOKIE}
    return replace(browser, cookies=kept)
