"""The project file's conditions of rules (load-balancers.md section 2; spelled in Amazon's words)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gateline.sources.project_part import Part, misfit


class ValuesPart(Part):
    """The values of a condition, of which one must fit."""

    LATER: ClassVar[frozenset[str]] = frozenset({"regex_values"})

    values: tuple[str, ...] = Field(min_length=1, description="The values, of which one must fit.")


class HttpHeaderConfigPart(ValuesPart):
    """A header and the values of which one must fit."""

    http_header_name: str = Field(description="The header's name; letter case does not count.")


class QueryValuePart(Part):
    """A parameter of the query."""

    key: str = Field(default="", description="The parameter's name; without one any parameter may fit.")
    value: str = Field(description="Its value; * stands for any text, ? for one character.")


def _key_and_value(value: object) -> object:
    """`KEY=VALUE` and `VALUE` are short for maps."""
    if not isinstance(value, str):
        return value
    key, found, text = value.partition("=")
    return {"key": key, "value": text} if found else {"value": value}


QueryValue = Annotated[
    QueryValuePart,
    BeforeValidator(_key_and_value, json_schema_input_type=QueryValuePart | str),
]


class QueryStringConfigPart(Part):
    """Parameters of the query, of which one must fit."""

    LATER: ClassVar[frozenset[str]] = frozenset({"regex_values"})

    values: tuple[QueryValue, ...] = Field(
        min_length=1,
        description="The parameters, of which one must fit: {key, value}, or KEY=VALUE, or VALUE for any key.",
    )


class ConditionPart(Part):
    """A condition of a rule: its field, and values beside it or in the config of that field."""

    LATER: ClassVar[frozenset[str]] = frozenset({"regex_values"})

    field: Literal[
        "host-header", "path-pattern", "http-header", "http-request-method", "query-string", "source-ip"
    ] = Field(description="What of the request is judged.")
    values: tuple[str, ...] = Field(
        default=(), description="The values, of which one must fit; or stand them in the config of the field."
    )
    http_header_name: str = Field(default="", description="The header's name, for the field http-header.")
    host_header_config: ValuesPart | None = Field(default=None, description="Amazon's other form.")
    path_pattern_config: ValuesPart | None = Field(default=None, description="Amazon's other form.")
    http_header_config: HttpHeaderConfigPart | None = Field(default=None, description="Amazon's other form.")
    http_request_method_config: ValuesPart | None = Field(default=None, description="Amazon's other form.")
    query_string_config: QueryStringConfigPart | None = Field(
        default=None, description="Amazon's other form, where a parameter is {key, value}."
    )
    source_ip_config: ValuesPart | None = Field(default=None, description="Amazon's other form.")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        own = self.config_key
        other = next((key for key in _CONFIGS if key != own and getattr(self, key) is not None), None)
        if other is not None:
            raise misfit(f"{other} does not belong to a condition of the field {self.field}")
        configured = getattr(self, own) is not None
        if configured == bool(self.values):
            raise misfit(f"a condition has either values or {own}")
        if bool(self.http_header_name) != (self.field == "http-header" and not configured):
            raise misfit(
                "http_header_name stands in http_header_config, or beside values"
                if self.field == "http-header"
                else f"http_header_name does not belong to a condition of the field {self.field}"
            )
        return self

    @property
    def config_key(self) -> str:
        """The key of Amazon's other form for this field."""
        return self.field.replace("-", "_") + "_config"


_CONFIGS: Final = tuple(key for key in ConditionPart.model_fields if key.endswith("_config"))
