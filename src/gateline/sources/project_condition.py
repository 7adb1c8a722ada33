"""The project file's conditions of rules (load-balancers.md section 2; spelled in Amazon's words)."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gateline.sources.project_part import Part, misfit

_EXPRESSIONS: Final = (
    "Regular expressions instead of values; one must fit the whole path, host or header's value."
)
_WITH_EXPRESSIONS: Final = frozenset({"host-header", "path-pattern", "http-header"})


class ValuesPart(Part):
    """The values of a condition, of which one must fit."""

    values: tuple[str, ...] = Field(min_length=1, description="The values, of which one must fit.")


class PatternsPart(Part):
    """The values of a condition, or regular expressions, of which one must fit."""

    values: tuple[str, ...] = Field(default=(), description="The values, of which one must fit.")
    regex_values: tuple[str, ...] = Field(default=(), description=_EXPRESSIONS)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.values) == bool(self.regex_values):
            raise misfit("a condition has either values or regex_values")
        return self


class HttpHeaderConfigPart(PatternsPart):
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

    values: tuple[QueryValue, ...] = Field(
        min_length=1,
        description="The parameters, of which one must fit: {key, value}, or KEY=VALUE, or VALUE for any key.",
    )


class ConditionPart(Part):
    """A condition of a rule: its field, and values beside it or in the config of that field."""

    field: Literal[
        "host-header", "path-pattern", "http-header", "http-request-method", "query-string", "source-ip"
    ] = Field(description="What of the request is judged.")
    values: tuple[str, ...] = Field(
        default=(), description="The values, of which one must fit; or stand them in the config of the field."
    )
    regex_values: tuple[str, ...] = Field(default=(), description=_EXPRESSIONS)
    http_header_name: str = Field(default="", description="The header's name, for the field http-header.")
    host_header_config: PatternsPart | None = Field(default=None, description="Amazon's other form.")
    path_pattern_config: PatternsPart | None = Field(default=None, description="Amazon's other form.")
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
        if self.regex_values and self.field not in _WITH_EXPRESSIONS:
            raise misfit(f"regex_values does not belong to a condition of the field {self.field}")
        if (configured, bool(self.values), bool(self.regex_values)).count(True) != 1:
            forms = "values, regex_values" if self.field in _WITH_EXPRESSIONS else "values"
            raise misfit(f"a condition of the field {self.field} has one of {forms} and {own}")
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
