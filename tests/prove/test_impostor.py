from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from gateline.prove.impostor import impostors
from gateline.runtime.authority import opened
from gateline.runtime.state_dir import hold_state_dir
from gateline.runtime.vault import Vault

NOW = datetime(2026, 3, 1, tzinfo=UTC)
INVENTORY: dict[str, Any] = {
    "project": "shop",
    "groups": {"orders": {"protocol": "HTTPS"}},
    "client_certificates": ["mine"],
}


def uri(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.UniformResourceIdentifier)


def test_each_impostor_differs_from_the_gateway_in_one_thing(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as state:
        vault = Vault(state, {})
        ours = x509.load_pem_x509_certificate(opened(vault, "shop", NOW).signs.chain)
        found = {
            each.means: x509.load_pem_x509_certificate(each.certificate.encode())
            for each in impostors(INVENTORY, vault, NOW)
        }
    gateway = ["spiffe://shop/gateway/mine"]
    foreign = found.pop("mine of a foreign authority")
    assert uri(foreign) == gateway
    assert not signed_by(foreign, ours)
    assert all(signed_by(each, ours) for each in found.values())
    expired = found.pop("expired mine")
    assert expired.not_valid_after_utc < NOW
    assert uri(expired) == gateway
    assert {means: uri(each) for means, each in found.items()} == {
        "another client of the authority": ["spiffe://shop/gateway/gateline-prove"],
        "a service of the authority": ["spiffe://shop/service/gateline-prove"],
    }
    assert all(each.not_valid_after_utc > NOW for each in found.values())


def signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:  # noqa: BLE001 - whatever it is, it is not signed by that one
        return False
    return True


def test_without_an_authority_of_ours_only_a_foreign_one_signs(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as state:
        vault = Vault(state, {})
        found = impostors({**INVENTORY, "client_certificates": []}, vault, NOW)
        assert [each.means for each in found] == ["gateline-prove of a foreign authority"]
        plain = {**INVENTORY, "groups": {"orders": {"protocol": "HTTP"}}}
        assert impostors(plain, vault, NOW) == ()
        assert vault.names() == ()
