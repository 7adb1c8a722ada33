"""The raw clients over TLS, as a client that asks for a server by name, or by none.

with TlsConnection(port, "api.example.com", trust) as connection:
    connection.send(b"GET / HTTP/1.1...")
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from cryptography import x509

from harness.http2_client import Http2Connection
from harness.raw_client import Answer, RawConnection


class TlsConnection(RawConnection):
    """A connection that has shaken hands. Without `trust` (PEM) any certificate will do; it is looked at anyway.

    Raises:
        OSError: the handshake failed; ssl.SSLError among them.

    """

    def __init__(
        self,
        port: int,
        server_name: str | None,
        trust: str | None = None,
        *,
        protocols: Sequence[str] = ("http/1.1",),
    ) -> None:
        super().__init__(port)
        context = ssl.create_default_context(cadata=trust)
        context.check_hostname = trust is not None
        context.verify_mode = ssl.CERT_REQUIRED if trust else ssl.CERT_NONE
        context.set_alpn_protocols(list(protocols))
        plain = self._socket
        try:
            secure = context.wrap_socket(plain, server_hostname=server_name)
        except OSError:
            plain.close()
            raise
        self._socket = secure
        self.protocol = secure.selected_alpn_protocol()
        shown = secure.getpeercert(binary_form=True)
        assert shown is not None
        self.certificate = x509.load_der_x509_certificate(shown)

    @property
    def names(self) -> list[str]:
        """The hosts that the server's certificate is for."""
        held = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return held.value.get_values_for_type(x509.DNSName)


def tls_exchange(port: int, server_name: str | None, data: bytes, trust: str | None = None) -> Answer:
    """The answer to bytes that are sent over a connection of their own."""
    with TlsConnection(port, server_name, trust) as connection:
        connection.send(data)
        answer = connection.receive()
    assert answer is not None, "hung up without an answer"
    return answer


def tls_http2(port: int, server_name: str) -> Http2Connection:
    """An HTTP/2 connection over TLS, which any certificate may prove."""
    raw = TlsConnection(port, server_name, protocols=("h2",))
    assert raw.protocol == "h2"
    return Http2Connection(port, over=raw)
