"""Secrets as SDS resources."""

from __future__ import annotations

from typing import Any

from gateline.compile.secret import certificate, generic, secret_formatter, trust
from gateline.compile.wire import to_dict
from gateline.model.secret import Certificate, Secret


def test_a_secret_keeps_its_bytes() -> None:
    value = bytes(range(1, 256))
    message: Any = generic(Secret("s", value))
    assert message.name == "secret/s"
    assert message.generic_secret.secret.inline_bytes == value


def test_a_certificate_has_its_key() -> None:
    message: Any = certificate(
        "edge/certificate", Certificate(name="edge", chain=b"chain", private_key=Secret("edge", b"key"))
    )
    assert message.name == "edge/certificate"
    assert message.tls_certificate.certificate_chain.inline_bytes == b"chain"
    assert message.tls_certificate.private_key.inline_bytes == b"key"


def test_trust_holds_the_authorities() -> None:
    message: Any = trust("trust/system", b"bundle")
    assert message.name == "trust/system"
    assert message.validation_context.trusted_ca.inline_bytes == b"bundle"


def test_a_formatter_names_each_secret_once_and_comes_over_ads() -> None:
    config: Any = secret_formatter(("b", "a", "b"))["typed_config"]
    shown: Any = to_dict(config)
    assert sorted(shown["secret_configs"]) == ["secret/a", "secret/b"]
    for name, source in shown["secret_configs"].items():
        assert source == {"name": name, "sds_config": {"ads": {}, "resource_api_version": "V3"}}
