"""DATA PLANE: `gateway.lua`, the one Lua script that Envoy runs, and the words that it shares with Python.

The script is static: everything it knows comes as data compiled into routes. It is written in parts, one noun
each, and handed to Envoy as one text; a part may use what stands before it. The front door is `script()`.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

PARTS: Final = (
    "answers", "tables", "hosts", "paths", "routing", "mapping",
    "addresses", "policy", "decisions", "authorize", "request",
)  # fmt: skip
"""In this order: `request` comes last because it is the script's whole way through a request."""


@cache
def script() -> str:
    """The text of `gateway.lua`."""
    folder = resources.files("gateline.dataplane").joinpath("lua")
    return "\n".join(folder.joinpath(f"{part}.lua").read_text(encoding="utf-8") for part in PARTS)
