"""Secrets as SDS resources: the only resources that hold a secret's value."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.upstream_tls import ADS
from gateline.compile.wire import extension, new, packed
from gateline.model.client_certificate import BUILT_IN, SYSTEM
from gateline.model.gateway import Keyring
from gateline.model.secret import Certificate, Secret
from gateline.model.target_group import TargetGroup

_SECRET = "envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105 - a type's name


def generic(secret: Secret) -> Message:
    """A named secret of the project file, as `%SECRET(name)%` reads it."""
    return new(
        _SECRET,
        name=names.secret(secret.name),
        generic_secret={"secret": {"inline_bytes": secret.reveal()}},
    )


def certificate(name: str, shown: Certificate) -> Message:
    """A certificate that is shown, with its key, under the name of its resource."""
    return new(
        _SECRET,
        name=name,
        tls_certificate={
            "certificate_chain": {"inline_bytes": shown.chain},
            "private_key": {"inline_bytes": shown.private_key.reveal()},
        },
    )


def trust(name: str, bundle: bytes) -> Message:
    """Certificate authorities (PEM) that servers are verified against, under the name of their resource."""
    return new(_SECRET, name=name, validation_context={"trusted_ca": {"inline_bytes": bundle}})


def target_trusts(groups: Iterable[TargetGroup], keyring: Keyring) -> dict[str, Message]:
    """Whom target groups believe who say so themselves, by the names of the resources.

    One that is not in the keyring is not made: Envoy waits for it, and nobody is believed meanwhile.
    """
    files = dict(keyring.authorities)
    named: dict[str, bytes] = {}
    for group in groups:
        authority = group.tls.authority if group.tls is not None else ""
        if authority == BUILT_IN:
            named[names.BUILT_IN_TRUST] = keyring.authority
        elif authority not in {"", SYSTEM}:
            named[names.target_trust(group.name)] = files.get(authority, b"")
    return {name: trust(name, bundle) for name, bundle in named.items() if bundle}


def secret_formatter(secrets: tuple[str, ...]) -> dict[str, object]:
    """The formatter that lets `%SECRET(name)%` stand in a header mutation."""
    configs = {
        names.secret(name): {"name": names.secret(name), "sds_config": ADS} for name in sorted(set(secrets))
    }
    return {
        "name": "envoy.formatter.generic_secret",
        "typed_config": packed(
            new("envoy.extensions.formatter.generic_secret.v3.GenericSecret", secret_configs=configs)
        ),
    }


def keeper(secrets: Iterable[str]) -> Message:
    """A cluster without endpoints that names every secret, so that Envoy has them before a route does.

    An inline scoped route goes live whether its secrets have come or not (seen: 759 of 21,979 requests without
    the header); a cluster warms until they have, and the control plane waits for clusters before it sends routes.
    """
    named = sorted(set(secrets))
    mutations = [
        {"append": {"header": {"key": f"x-gl-keeper-{index}", "value": f"%SECRET({names.secret(name)})%"}}}
        for index, name in enumerate(named)
    ]
    holder = extension(
        "gateline.keeper",
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        mutations={"request_mutations": mutations, "formatters": [secret_formatter(tuple(named))]},
    )
    options = new(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config={"http_protocol_options": {}},
        http_filters=[
            holder,
            extension(
                "envoy.filters.http.upstream_codec",
                "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec",
            ),
        ],
    )
    return new(
        "envoy.config.cluster.v3.Cluster",
        name=names.KEEPER,
        type="STATIC",
        typed_extension_protocol_options={
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": packed(options)
        },
    )
