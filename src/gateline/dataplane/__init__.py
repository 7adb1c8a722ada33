"""DATA PLANE: the one Lua script that Envoy runs, and the words that it shares with Python.

The script is static: everything it knows comes as data compiled into routes. Its front door here is `script()`.
"""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def script() -> str:
    """The text of `gateway.lua`."""
    return resources.files("gateline.dataplane").joinpath("gateway.lua").read_text(encoding="utf-8")
