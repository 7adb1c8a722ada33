"""Certificates of links: the gateway's towards nodes, and those of nodes, made from their own requests.

Their authority is one of its own. What services believe says nothing here, and a node's certificate says nothing to a
service that looks at its issuer alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateline.authority.certificates import Issuance, certify, private_pem, trust_domain
from gateline.errors import GatelineError
from gateline.model.secret import Certificate, Secret
from gateline.model.tunnel import ENROLMENT_NAME, GATEWAY_NAME, EnrolledNode

_RENEWAL: Final = b"gateline link renewal\n"
"""Stands before what a node signs with the key that it has, so that the signature means nothing else."""

_AMISS: Final = (
    ValueError,
    TypeError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library says of bytes that anybody may send."""


class RequestRefused(GatelineError):
    """A node asks for a certificate with something that is none of ours, or with no request for one."""


def node_identity(project: str, node: EnrolledNode) -> str:
    """Who a node is: `spiffe://storefront/link/plant/n1`."""
    return f"spiffe://{trust_domain(project)}/link/{node.tunnel}/{node.node}"


def make_key() -> bytes:
    """A private key (PEM) that never leaves the machine that makes it."""
    return private_pem(ec.generate_private_key(ec.SECP256R1()))


def make_request(key: bytes) -> bytes:
    """A request (PEM) for a certificate of this key (PEM). It says no name: names are the gateway's to give."""
    builder = x509.CertificateSigningRequestBuilder(x509.Name([]))
    return builder.sign(_private(key), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def issue_gateway(authority: Certificate, *, now: datetime, life: timedelta) -> Certificate:
    """What the gateway shows to nodes: its key is new."""
    key = make_key()
    names: list[x509.GeneralName] = [x509.DNSName(GATEWAY_NAME), x509.DNSName(ENROLMENT_NAME)]
    public = _private(key).public_key()
    issuance = Issuance(name=GATEWAY_NAME, now=now, life=life)
    chain = certify(authority, public, issuance, names, ExtendedKeyUsageOID.SERVER_AUTH)
    return Certificate(name="link", chain=chain, private_key=Secret("link.key", key))


def issue_node(
    authority: Certificate,
    project: str,
    node: EnrolledNode,
    request: bytes,
    *,
    now: datetime,
    life: timedelta,
) -> bytes:
    """The certificate (PEM) of a node, for the key of its request.

    Raises:
        RequestRefused: that is no request for a certificate, or of a key that we do not take.

    """
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(node_identity(project, node)),
        x509.DNSName(node.dns_name),
    ]
    issuance = Issuance(name=node.dns_name, now=now, life=life)
    return certify(authority, _requested(request), issuance, names, ExtendedKeyUsageOID.CLIENT_AUTH)


def sign_renewal(key: bytes, request: bytes) -> bytes:
    """The signature by which who holds this key (PEM) asks for another certificate."""
    return _private(key).sign(_RENEWAL + request, ec.ECDSA(hashes.SHA256()))


def verify_renewal(
    authority: Certificate, certificate: bytes, request: bytes, signature: bytes, now: datetime
) -> str:
    """The DNS name of the node whose certificate (PEM) that is, if whoever asks holds its key.

    Raises:
        RequestRefused: the certificate is not ours or not valid now, or the signature is not its key's.

    """
    try:
        held = x509.load_pem_x509_certificate(certificate)
        held.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.chain))
        public = held.public_key()
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise RequestRefused("the certificate is none of a node")
        public.verify(signature, _RENEWAL + request, ec.ECDSA(hashes.SHA256()))
        names = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except _AMISS:
        raise RequestRefused("the certificate is none of ours, or its key did not sign") from None
    if not held.not_valid_before_utc <= now < held.not_valid_after_utc:
        raise RequestRefused("the certificate is not valid any more")
    dns = names.get_values_for_type(x509.DNSName)
    return str(dns[0]) if len(dns) == 1 else ""


def valid_until(certificate: bytes) -> datetime:
    """When a certificate (PEM) ends.

    Raises:
        ValueError: it is none.

    """
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc


def _requested(request: bytes) -> ec.EllipticCurvePublicKey:
    try:
        asked = x509.load_pem_x509_csr(request)
        key = asked.public_key()
        is_signed = asked.is_signature_valid
    except _AMISS:
        raise RequestRefused("that is no request for a certificate") from None
    if not is_signed or not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise RequestRefused("the request is not signed by a key of P-256")
    return key


def _private(key: bytes) -> ec.EllipticCurvePrivateKey:
    loaded = serialization.load_pem_private_key(key, password=None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)  # `make_key` made it
    return loaded
