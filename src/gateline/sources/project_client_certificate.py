"""The project file's `client_certificates`, and the `tls` of target groups."""

from __future__ import annotations

import re
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from gateline.model.address import parse_ip
from gateline.sources.project_part import Part, misfit
from gateline.sources.project_values import HOST, FilePath, Flag, HostName, Number, SecretName

_SPIFFE: Final = r"spiffe://[a-z0-9._-]{1,255}(?:/[A-Za-z0-9._-]+)+"


def _identity(value: str) -> str:
    """What a certificate can name: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md section 2."""
    address = parse_ip(value)
    if address is not None:
        return str(address)
    if re.fullmatch(_SPIFFE, value):
        return value
    if re.fullmatch(HOST, value) is None:
        says = (
            "a host name without wildcard, an IP address, or a SPIFFE id such as spiffe://shop/service/orders"
        )
        raise PydanticCustomError("not_allowed", "{says}", {"says": says})
    return value.lower()


ServerIdentity = Annotated[str, AfterValidator(_identity)]
ClientCertificateName = SecretName


class ClientCertificatePart(Part):
    """A client certificate: who the gateway is to services."""

    generate: Flag = Field(
        default=False,
        description="Have it issued by Gateline's own authority, and renewed by itself; both are kept in the state "
        "folder.",
    )
    rotate_every_seconds: Number = Field(
        default=2592000,
        ge=1,
        le=31536000,
        description="How old a generated certificate gets before a new one is shown.",
    )
    certificate: FilePath = Field(
        default="", description="Instead of generate: the certificate chain, a PEM file."
    )
    private_key: FilePath = Field(default="", description="Its private key, a PEM file.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.certificate) != bool(self.private_key):
            raise misfit("certificate and private_key are needed together")
        if self.generate == bool(self.certificate):
            raise misfit(
                "a client certificate is either generate: true, or the files certificate and private_key"
            )
        if self.certificate and "rotate_every_seconds" in self.model_fields_set:
            raise misfit("rotate_every_seconds is for generate: true; files are read again when they change")
        return self


class TargetTlsPart(Part):
    """Who targets must be, and who the gateway is to them, where TLS is spoken with them."""

    ca: FilePath = Field(
        default="",
        description="Who vouches for targets: gateline for Gateline's own authority, system for those that this "
        "machine believes, or a PEM file of certificate authorities; default: targets are not verified.",
    )
    identity: ServerIdentity = Field(
        default="",
        description="What a target's certificate must name: a host name, an IP address or a SPIFFE id; default: the "
        "server_name.",
    )
    server_name: HostName | None = Field(
        default=None,
        description="The host that targets are asked for (SNI), such as the name by which another balancer is reached.",
    )
    client_certificate: ClientCertificateName | None = Field(
        default=None,
        description="The client certificate that targets are shown, where the stage names none.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.identity and not self.ca) or (self.ca and not (self.identity or self.server_name)):
            raise misfit("ca and identity (or server_name) are needed together: who vouches, and for whom")
        if not self.ca and self.client_certificate is None and self.server_name is None:
            raise misfit("tls needs ca and identity, or server_name, or client_certificate")
        return self
