"""DATA PLANE: the Lua scripts that Envoy runs, and the words that they share with Python.

`gateway.lua` decides every request at the edge, `balancer.lua` looks at what comes in at a balancer of the
internet, `redirect.lua` makes a Location. The scripts are static: everything they know comes as data compiled into
routes. They are written in parts, one noun each, and handed to Envoy as one text; a part may use what stands
before it. The front door is `script()` and its siblings.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Final

PARTS: Final = (
    "answers", "patterns", "netstrings", "tables", "hosts", "paths", "routing", "mapping",
    "mock", "gateway_responses", "addresses", "policy", "decisions", "authorize", "keys", "requirements",
    "assertions", "request",
)  # fmt: skip
"""In this order: `request` comes last because it is the script's whole way through a request."""


BALANCER_PARTS: Final = (
    "answers", "patterns", "netstrings", "tables", "hosts", "paths", "routing", "targets", "decisions", "login",
    "balancer",
)  # fmt: skip
"""What `balancer.lua` shares with `gateway.lua`, and what is its own."""


STICKINESS_PARTS: Final = ("cipher", "netstrings", "stickiness")


@cache
def script() -> str:
    """The text of `gateway.lua`."""
    return _joined(PARTS)


@cache
def redirect_script() -> str:
    """The text of `redirect.lua`, which makes the Location of balancers' redirects."""
    return _joined(("redirect",))


@cache
def mismatch_script() -> str:
    """The text of `mismatch.lua`, which says 464 to clients of gRPC too."""
    return _joined(("mismatch",))


@cache
def transform_script() -> str:
    """The text of `transform.lua`, which puts into a request what a rule's transforms made of it."""
    return _joined(
        ("answers", "patterns", "netstrings", "tables", "hosts", "paths", "routing", "targets", "transform")
    )


@cache
def balancer_script() -> str:
    """The text of `balancer.lua`, which runs at balancers of the internet."""
    return _joined(BALANCER_PARTS)


@cache
def stickiness_script(key_file: str) -> str:
    """The text of `stickiness.lua`; `key_file`: where its key lies, the one thing that differs between projects."""
    return f"local KEY_FILE = {lua_string(key_file)}\n{_joined(STICKINESS_PARTS)}"


@cache
def client_certificate_script() -> str:
    """The text of `client_certificate.lua`, which tells targets who clients are that show certificates."""
    return _joined(("client_certificate",))


@cache
def access_log_script() -> str:
    """The text of `access_log.lua`, which keeps what a client said for a balancer's access log."""
    return _joined(("access_log",))


@cache
def function_reason_script() -> str:
    """The text of `function_reason.lua`, which keeps why a function did not answer for a balancer's access log."""
    return _joined(("function_reason",))


@cache
def sidecar_script() -> str:
    """The text of `sidecar.lua`, which asks for the gateway's header in front of an application."""
    return _joined(("sidecar",))


def lua_string(text: str) -> str:
    """A Lua string of these bytes, whatever they are."""
    return '"' + "".join(f"\\{byte:03d}" for byte in text.encode("utf-8", "surrogateescape")) + '"'


def _joined(parts: Iterable[str]) -> str:
    folder = resources.files("gateline.dataplane").joinpath("lua")
    return "\n".join(folder.joinpath(f"{part}.lua").read_text(encoding="utf-8") for part in parts)
