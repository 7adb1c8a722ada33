"""Material: the secrets, certificates and keys that a configuration is served with.

Some of it is what the environment and files say, and is read with the project (`read_keyring`). Some of it lives in
the state directory and changes while the project does not (`live`): that is taken in by `Serving.take_in`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway, Keyring
from gateline.model.secret import Certificate, Secret
from gateline.runtime.api_keys import NamedKey, read_declared_keys, with_held_keys
from gateline.runtime.assertion_keys import signing
from gateline.runtime.authority import issued
from gateline.runtime.key_store import KeyStore
from gateline.runtime.link_desk import linked
from gateline.runtime.login_keys import login_keys
from gateline.runtime.secret import read_secrets, staged_secrets
from gateline.runtime.secret_stages import SecretStages
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir
from gateline.runtime.trust import system_trust


def read_keyring(gateway: Gateway, settings: Settings, state: StateDir, complaints: Complaints) -> Keyring:
    """What the environment and the files that the project names hold; what cannot be had is a complaint."""
    folder = settings.project.absolute().parent
    found = read_secrets(gateway.secrets, settings.environ, folder, state, complaints)
    missing = {source.name for source in gateway.secrets} - {secret.name for secret in found}
    edge, others = _certificates(gateway, state, complaints)
    shown, believed, revoked = _given_files(gateway, state, complaints)
    return Keyring(
        # A secret that could not be read was complained about; the compiler need not do so again.
        secrets=(*found, *(Secret(name, b"unread") for name in sorted(missing))),
        edge_certificate=edge,
        certificates=others,
        client_certificates=shown,
        authorities=believed,
        revocations=revoked,
        trust=system_trust(settings.environ),
    )


def declared_keys(
    gateway: Gateway,
    settings: Settings,
    state: StateDir,
    name_of: Callable[[Path], str],
    complaints: Complaints,
) -> tuple[NamedKey, ...]:
    """The API keys that the project declares, as they are read now; `name_of`: how complaints call a file."""
    if not gateway.usage_plans:
        return ()
    pepper = KeyStore(state).pepper()
    return read_declared_keys(gateway.usage_plans, settings.environ, name_of, pepper, complaints)


def live(
    keyring: Keyring,
    gateway: Gateway,
    declared: tuple[NamedKey, ...],
    state: StateDir,
    complaints: Complaints,
) -> Keyring:
    """The keyring with what the state directory holds by now; reads nothing else.

    Secrets: as they count at the steps of their rotations. API keys: those declared, and those that commands have made.
    Certificates of the built-in authority: those that count now, made and renewed as they are due. Keys of
    assertions and of logins: likewise. Links: what nodes are shown, and who may dial in.

    Raises:
        GatelineError: it cannot be read, or not be kept.

    """
    key, jwks = signing(gateway, state, datetime.now(UTC))
    given = issued(gateway, state, datetime.now(UTC))
    logins = login_keys(gateway, state, datetime.now(UTC))
    files = {each.name for each in gateway.client_certificates if each.certificate}
    keyring = dataclasses.replace(
        keyring,
        secrets=staged_secrets(keyring.secrets, gateway.secrets, SecretStages(state)),
        client_certificates=(
            *(each for each in keyring.client_certificates if each.name in files),
            *given.client_certificates,
        ),
        authority=given.authority,
        services=given.services,
        assertion_key=key,
        jwks=jwks,
        session_keys=logins.session_keys,
        claims_keys=logins.claims_keys,
    )
    links = linked(gateway, state, datetime.now(UTC))
    if links is not None:
        keyring = dataclasses.replace(
            keyring,
            link_authority=links.authority,
            link_certificate=links.certificate,
            link_nodes=links.nodes,
        )
    if not gateway.usage_plans:
        return keyring
    store = KeyStore(state)
    keys = with_held_keys(declared, store.read(), gateway.usage_plans, complaints)
    return dataclasses.replace(
        keyring, api_keys=tuple(each.key for each in keys if each.key.digest), pepper=store.pepper()
    )


def _own_hosts(gateway: Gateway) -> tuple[str, ...]:
    """Every name that the edge's own certificate is for: no client takes `*.localhost` for one of a single label."""
    return (
        *gateway.edge.hosts,
        *(f"{api.name}.localhost" for api in gateway.apis),
        *(domain.name for domain in gateway.domains if not domain.certificate),
    )


def _given_files(
    gateway: Gateway, state: StateDir, complaints: Complaints
) -> tuple[tuple[Certificate, ...], tuple[tuple[str, bytes], ...], tuple[tuple[str, bytes], ...]]:
    """Client certificates, authorities of groups, listeners and logins, revocation lists: those that are files."""
    asked = any(gateway.mutual_authentications) or any(
        login.ca for each in gateway.load_balancers for login in each.authentications
    )
    if not (gateway.client_certificates or asked or any(group.tls for group in gateway.target_groups)):
        return (), (), ()
    # Only now: the library takes a tenth of the time of a start.
    from gateline.runtime.client_certificates import (  # noqa: PLC0415
        given_authorities,
        given_certificates,
        given_revocations,
    )

    shown = given_certificates(gateway, datetime.now(UTC), state, complaints)
    return shown, given_authorities(gateway, complaints), given_revocations(gateway, complaints)


def _certificates(
    gateway: Gateway, state: StateDir, complaints: Complaints
) -> tuple[Certificate | None, tuple[Certificate, ...]]:
    """The edge's certificate and the named ones, as their files are now."""
    if gateway.edge.tls is None and not gateway.certificates:
        return None, ()
    # Only now: the library takes a tenth of the time of a start, and few development gateways speak TLS.
    from gateline.runtime.certificate import edge_certificate, named_certificate  # noqa: PLC0415

    now, tls = datetime.now(UTC), gateway.edge.tls
    edge = edge_certificate(tls, _own_hosts(gateway), now, state, complaints) if tls else None
    read = (
        named_certificate(
            source,
            [domain.name for domain in gateway.domains if domain.certificate == source.name],
            now,
            state,
            complaints,
        )
        for source in gateway.certificates
    )
    return edge, tuple(certificate for certificate in read if certificate is not None)
