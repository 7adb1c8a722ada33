"""Part: a map of the project file, and the maps that several others hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from gateline.sources.project_values import FilePath, Flag


class Part(BaseModel):
    """A map of the project file. A key without a value is the same as no key."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    LATER: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nulls(cls, data: object) -> object:
        if data is None:
            return {}
        if isinstance(data, Mapping):
            return {key: value for key, value in data.items() if value is not None}
        return data


def misfit(said: str) -> PydanticCustomError:
    """The complaint that keys of a part do not fit together; it is told behind the part's own place."""
    return PydanticCustomError("keys_do_not_fit", "{said}", {"said": said})


class TlsPart(Part):
    """TLS for clients: files, or a certificate that Gateline makes itself."""

    certificate: FilePath = Field(default="", description="The certificate chain, a PEM file.")
    private_key: FilePath = Field(default="", description="The private key, a PEM file.")
    self_signed: Flag = Field(
        default=False, description="Make a self-signed certificate and keep it in the state folder."
    )

    @model_validator(mode="after")
    def _either_files_or_self_signed(self) -> Self:
        if self.self_signed and (self.certificate or self.private_key):
            raise misfit("self_signed stands alone, without certificate and private_key")
        if bool(self.certificate) != bool(self.private_key):
            raise misfit("certificate and private_key are needed together")
        return self
