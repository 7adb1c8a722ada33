"""The project file's `mutual_authentication` of HTTPS listeners (load-balancers.md section 6)."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from gateline.sources.project_part import Part, misfit
from gateline.sources.project_values import FilePath, Flag


class TrustStorePart(Part):
    """Who vouches for clients, and whom it vouches for no more."""

    ca: FilePath = Field(
        description="gateline for Gateline's own authority, or a PEM file of certificate authorities."
    )
    crls: tuple[FilePath, ...] = Field(
        default=(), description="PEM files of certificate revocation lists, one of each authority of a chain."
    )


class MutualAuthenticationPart(Part):
    """What an HTTPS listener does with clients' certificates."""

    mode: Literal["off", "passthrough", "verify"] = Field(
        description="verify: no connection without a certificate that the trust store vouches for; passthrough: "
        "whatever a client shows is handed to the target, unverified."
    )
    trust_store: TrustStorePart | None = Field(
        default=None, description="Who vouches for clients, for verify."
    )
    ignore_client_certificate_expiry: Flag = Field(
        default=False, description="Whether certificates count after their end, for verify."
    )
    advertise_trust_store_ca_names: Literal["on", "off"] = Field(
        default="off", description="Whether clients are told the names of the authorities, for verify."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.trust_store is not None) != (self.mode == "verify"):
            raise misfit(
                "mode: verify needs a trust_store"
                if self.mode == "verify"
                else f"trust_store belongs to mode: verify, not to {self.mode}"
            )
        if self.mode != "verify":
            for key in ("ignore_client_certificate_expiry", "advertise_trust_store_ca_names"):
                if key in self.model_fields_set:
                    raise misfit(f"{key} belongs to mode: verify, not to {self.mode}")
        return self
