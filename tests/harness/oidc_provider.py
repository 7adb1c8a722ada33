"""A real OpenID provider: npm's `oidc-provider`, run by node from the folder that GATELINE_OIDC_PROVIDER names.

    pytestmark = needs_provider

    with a_provider(access_token_seconds=2) as provider:
        answer = authentication request of the gateway ...
        callback = sign_in(answer.headers["location"], "ada")  # goes through the forms as a browser would

A browser signs in at its own forms: any name of `USERS`, any password.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urljoin

import httpx2
import pytest

FOLDER: Final = "GATELINE_OIDC_PROVIDER"
"""The variable that names a `node_modules` with oidc-provider in it."""

USERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ada": {
        "email": "ada@example.com",
        "email_verified": True,
        "name": "Ada Lovelace",
        "groups": ["engineers", "poets"],
    },
    "grace": {"email": "grace@example.com", "email_verified": True, "name": "Grace Hopper"},
    "large": {"name": "L" * 12_000},
}

_SCRIPT: Final = Path(__file__).with_suffix(".mjs")
_SECONDS: Final = 30.0
_MOST_STEPS: Final = 12
_ACTION: Final = re.compile(r'<form[^>]* action="([^"]+)"')


def _missing() -> str:
    folder = os.environ.get(FOLDER, "")
    if not folder:
        return f"{FOLDER} names no node_modules with npm's oidc-provider"
    if not (Path(folder) / "oidc-provider").is_dir():
        return f"there is no oidc-provider in {folder}"
    return "" if shutil.which("node") else "there is no node"


needs_provider = pytest.mark.skipif(bool(_missing()), reason=_missing() or "there is one")
"""Marks tests that ask a real provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a provider is to be like. Durations in seconds."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: any
    client_id: str = "gateline"
    client_secret: str = field(default="the-client's+secret/at=the provider", repr=False)
    users: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: USERS)
    access_token_seconds: int = 3600
    id_token_seconds: int = 3600
    refresh_token_seconds: int = 86_400
    refresh_tokens: bool = True
    rotates: bool = True  # each refresh token is good once; used again, it ends the whole login
    token_scope: str = "read write"  # what `OidcProvider.token` may ask for
    kid: str = "provider-key"
    certificate: str = ""  # files (PEM): speaks TLS
    private_key: str = ""


class OidcProvider:
    """A provider that runs."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.port = 0
        self._changed = threading.Condition()
        self.events: list[dict[str, Any]] = []
        """What happened at the token endpoint, in order: {"grant": ..., "error": ... of a failure}."""

    @property
    def issuer(self) -> str:
        """Its `iss`, and the beginning of its endpoints."""
        return f"{'https' if self.wanted.certificate else 'http'}://{self.wanted.host}:{self.port}"

    @property
    def authorization_endpoint(self) -> str:
        """Where browsers are sent."""
        return f"{self.issuer}/auth"

    @property
    def token_endpoint(self) -> str:
        """Where codes become tokens."""
        return f"{self.issuer}/token"

    @property
    def user_info_endpoint(self) -> str:
        """Where claims are told."""
        return f"{self.issuer}/me"

    @property
    def jwks_endpoint(self) -> str:
        """Where its public key is."""
        return f"{self.issuer}/jwks"

    def grants(self, kind: str, least: int = 0) -> int:
        """How often tokens were given for this `grant_type`, once they were `least` times."""

        def count() -> int:
            return sum(event.get("grant") == kind and "error" not in event for event in self.events)

        with self._changed:
            self._changed.wait_for(lambda: count() >= least, _SECONDS)
            return count()

    def hear(self, event: dict[str, Any]) -> None:
        """Something happened."""
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def token(self, scope: str = "read") -> str:
        """A signed access token (RS256) for a machine, whose `scope` is this."""
        answer = httpx2.post(
            self.token_endpoint,
            auth=httpx2.BasicAuth(f"{self.wanted.client_id}-machine", _form(self.wanted.client_secret)),
            data={
                "grant_type": "client_credentials",
                "scope": scope,
                "resource": "https://api.example.com",
            },
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


@contextmanager
def a_provider(**wanted: Any) -> Iterator[OidcProvider]:
    """Run a provider; the keywords are those of `Wanted`."""
    wishes = Wanted(**wanted)
    node = shutil.which("node")
    assert node is not None
    process = subprocess.Popen(
        [node, str(_SCRIPT), json.dumps(asdict(wishes))],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    provider = OidcProvider(wishes)
    said: list[str] = []
    ready = threading.Event()
    reader = threading.Thread(target=_read, args=(process.stdout, provider, said, ready), daemon=True)
    reader.start()
    try:
        assert ready.wait(_SECONDS), "the provider says nothing"
        port = next((line.split()[1] for line in said if line.startswith("listening ")), "")
        assert port, "".join(said)
        provider.port = int(port)
        yield provider
    finally:
        process.kill()
        process.wait()
        reader.join(_SECONDS)
        process.stdout.close()


def sign_in(location: str, user: str, *, verify: Any = True) -> str:
    """Go from an authentication request through the provider's forms to the callback's URL, which is not asked.

    Args:
        location: where the gateway sent the browser.
        user: a name of `USERS`.
        verify: as httpx2 takes it: whom to believe, of a provider that speaks TLS.

    """
    with httpx2.Client(verify=verify, trust_env=False) as browser:
        answer = browser.get(location)
        for _ in range(_MOST_STEPS):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if "/oauth2/idpresponse" in target:
                    return target
                answer = browser.get(target)
            else:
                answer = _submitted(browser, answer, user)
    raise AssertionError("the provider's forms lead nowhere")


def _submitted(browser: httpx2.Client, page: httpx2.Response, user: str) -> httpx2.Response:
    form = _ACTION.search(page.text)
    assert page.status_code == 200, page.text
    assert form is not None, page.text
    prompt = "login" if 'name="login"' in page.text else "consent"
    data = {"prompt": prompt, "login": user, "password": "any"}
    return browser.post(urljoin(str(page.url), form.group(1)), data=data)


def _form(value: str) -> str:
    """As RFC 6749 section 2.3.1 has it: form-encoded before it is put into Basic."""
    return str(httpx2.QueryParams({"x": value}))[2:]


def _read(stream: IO[str], provider: OidcProvider, said: list[str], ready: threading.Event) -> None:
    for line in stream:
        if line.startswith("event "):
            provider.hear(json.loads(line.removeprefix("event ")))
        else:
            said.append(line)
        if line.startswith("listening "):
            ready.set()
    ready.set()  # it ended: what it said tells why
