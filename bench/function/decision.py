"""The decision that every authorizer of the bench makes: Gateline's function and the comparators' servers.

A token is `Bearer NAME`; every NAME may come in but those that begin with `banned`; `slow` takes a while. It is
cheap on purpose: what a decision costs is the same everywhere, so a dear one would only hide the differences.
"""

import os
import time

_calls = os.open(os.environ["CALLS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def decide(token: str) -> tuple[str | None, bool]:
    """The caller's name, or None for a token that is no token; and whether it may come in. Counts the call."""
    os.write(_calls, b".")
    if not token.startswith("Bearer "):
        return None, False
    name = token[7:]
    if name.startswith("slow"):
        time.sleep(0.2)
    return name, not name.startswith("banned")
