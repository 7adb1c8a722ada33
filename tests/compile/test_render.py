"""Resources as text never show a secret."""

from __future__ import annotations

import dataclasses
import json

import yaml

from compile.gateways import api, gateway, http_proxy, mapping, method
from gateline.compile import compile_gateway
from gateline.compile.render import FILES, dump_yaml, render, rendered
from gateline.compile.resources import Resources
from gateline.model.gateway import Keyring, SelfSigned
from gateline.model.integration import LiteralSource
from gateline.model.secret import Certificate, Secret, SecretRef

VALUES = (b"the-secret", b"the-chain", b"the-key", b"the-trust")


def resources() -> Resources:
    """A project with a secret, a certificate and trust."""
    source = LiteralSource((SecretRef("s"),))
    project = gateway(
        api(method("GET", "/a", http_proxy("https://b.test/", mapping("header.X", source)))), secrets=("s",)
    )
    edge = dataclasses.replace(project.edge, tls=SelfSigned(origin=project.origin))
    secret, chain, key, trust = VALUES
    ring = Keyring(
        secrets=(Secret("s", secret),),
        edge_certificate=Certificate(name="edge", chain=chain, private_key=Secret("edge", key)),
        trust=trust,
    )
    result = compile_gateway(dataclasses.replace(project, edge=edge), ring)
    assert result.resources is not None
    return result.resources


def test_no_form_shows_a_value_and_each_shows_the_names() -> None:
    for text in (render(resources()), render(resources(), "json")):
        for value in VALUES:
            assert value.decode() not in text
        for name in ("secret/s", "edge/certificate", "trust/system", "<redacted>"):
            assert name in text


def test_rendering_leaves_the_resources_as_they_are() -> None:
    made = resources()
    first = render(made)
    assert made.by_type == resources().by_type
    assert render(made) == first


def test_both_forms_say_the_same() -> None:
    made = resources()
    assert yaml.safe_load(render(made)) == json.loads(render(made, "json"))


def test_every_kind_of_resource_has_a_section_in_order_of_names() -> None:
    made = rendered(resources())
    assert set(made) == set(FILES)
    names = [item["name"] for item in made["secrets"] if isinstance(item, dict)]
    assert names == sorted(names)
    assert len(names) == 3


def test_repeated_values_are_written_out() -> None:
    part = {"a": 1}
    assert "&" not in dump_yaml([part, part])


def test_text_of_many_lines_is_a_block() -> None:
    assert dump_yaml({"t": "a\nb\n"}) == "t: |\n  a\n  b\n"
