"""The example for Node judges as the guard does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from guard import tokens

EXAMPLE = Path(__file__).parents[2] / "guard" / "examples" / "node" / "verify.mjs"
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_node_verifies_what_the_gateway_signs_and_nothing_else(tmp_path: Path) -> None:
    jwks = tokens.jwks_file(tmp_path)

    def verified(token: str, *request: str) -> tuple[int, str]:
        command = [str(NODE), str(EXAMPLE), str(jwks), "orders", *request]
        done = subprocess.run(command, input=token, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout.strip()

    good = tokens.signed(tokens.claims(req=tokens.request("GET", "/a?b")))
    assert verified(good) == verified(good, "GET", "/a?b") == (0, "alice")
    for token, request in [
        (good, ("GET", "/a")),
        (tokens.signed(tokens.claims(aud="billing")), ()),
        (tokens.signed(tokens.claims(), alg="none"), ()),
        (tokens.signed(tokens.claims(), kid="k2"), ()),
        (good[:-8] + "AAAAAAAA", ()),
    ]:
        assert verified(token, *request) == (1, "")
