"""The project file's transforms of rules (load-balancers.md section 2.1; spelled in Amazon's words)."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from gateline.sources.project_part import Part, misfit

MAX_LENGTH: Final = 1024


class RewritePart(Part):
    """What is replaced, and by what."""

    regex: str = Field(
        min_length=1, max_length=MAX_LENGTH, description="A regular expression; its first match is replaced."
    )
    replace: str = Field(
        max_length=MAX_LENGTH, description="What stands in its place; $1 to $9 are the expression's groups."
    )


class RewriteConfigPart(Part):
    """The rewrite of a transform."""

    rewrites: tuple[RewritePart, ...] = Field(
        min_length=1, max_length=1, description="The rewrite: a list of one, as at Amazon."
    )


class TransformPart(Part):
    """What of a request is rewritten before it is forwarded."""

    type: Literal["host-header-rewrite", "url-rewrite"] = Field(
        description="host-header-rewrite: the host, without its port; url-rewrite: path and query."
    )
    host_header_rewrite_config: RewriteConfigPart | None = Field(
        default=None, description="The rewrite of a host-header-rewrite."
    )
    url_rewrite_config: RewriteConfigPart | None = Field(default=None, description="That of a url-rewrite.")

    @model_validator(mode="after")
    def _its_own_config(self) -> Self:
        own = self.config_key
        other = "url_rewrite_config" if own == "host_header_rewrite_config" else "host_header_rewrite_config"
        if getattr(self, other) is not None:
            raise misfit(f"{other} does not belong to a transform of type {self.type}")
        if getattr(self, own) is None:
            raise misfit(f"a transform of type {self.type} needs {own}")
        return self

    @property
    def config_key(self) -> str:
        """The key of the config for this type."""
        return self.type.replace("-", "_") + "_config"
