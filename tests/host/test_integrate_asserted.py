"""Assertions of requests that the host sends to backends by itself."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from gateline.model.assertion import Binding
from gateline_guard.rs256 import encoded
from host.signing import claims_of, signing
from host.test_integrate import Bench, one
from integrations.hosted import integration


def sent_assertions(bench: Bench) -> list[str]:
    """What the backend got under the assertion's name, in any spelling."""
    lines = bench.peer.heads[0].decode().split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return [value for name, _, value in pairs if "assertion" in name.lower()]


def test_a_request_that_the_host_sends_carries_its_assertion_and_no_other(tmp_path: Path) -> None:
    copies = {"header.X-Gateline-Assertion": "'forged'", "header.x_gateline_assertion": "'forged'"}
    _, bench = one(tmp_path, integration(parameters=copies), b"body", signs=signing())
    (token,) = sent_assertions(bench)
    assert claims_of(token)["aud"] == "orders"
    assert "req" not in claims_of(token)


def test_a_request_that_the_host_sends_is_bound_as_it_was_made(tmp_path: Path) -> None:
    of = replace(integration(templates={"application/json": '{"wrapped": $input.body}'}), http_method="PUT")
    _, bench = one(tmp_path, of, b"[1]", signs=signing(binding=Binding.REQUEST))
    (token,) = sent_assertions(bench)
    verb, target, _ = bench.peer.heads[0].decode().split("\r\n")[0].split(" ")
    digest = encoded(hashlib.sha256(b'{"wrapped": [1]}').digest()).decode()
    assert claims_of(token)["req"] == {"m": "PUT", "p": target, "b": digest, "id": "request-1"}
    assert verb == "PUT"


@pytest.mark.parametrize("binding", list(Binding))
def test_without_a_key_nothing_is_sent_unsigned(tmp_path: Path, binding: Binding) -> None:
    keyless = replace(signing(binding=binding), assertion_kid="", assertion_key="")
    response, bench = one(tmp_path, integration(), signs=keyless)
    assert (response.status, bench.peer.heads) == (500, [])


def test_a_method_that_leads_elsewhere_carries_none(tmp_path: Path) -> None:
    _, bench = one(tmp_path, integration(), signs=signing(), asserted=False)
    assert sent_assertions(bench) == []
