"""An integration made ready: its templates and JSONPaths parsed, its selection patterns compiled.

Made once for a method of a configuration; then only read. Rules: api-gateway.md sections 6 and 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gateline.integrations.binary_media_type import first_media_type
from gateline.integrations.outgoing import Refusal, configuration_error
from gateline.model.function import calls_function
from gateline.model.hosting import HostedMethod
from gateline.model.integration import BodySource, Integration, IntegrationResponse, PassthroughBehavior
from gateline.templates.expression import Expression, ExpressionInvalid
from gateline.templates.jsonpath import JsonPath, PathInvalid, parse_mapped_path
from gateline.templates.template import Template, TemplateInvalid, parse

LONGEST_ERROR: Final = 1024 * 1024
"""Characters of an error's message that patterns are matched against."""

_JSON: Final = "application/json"
_DEFAULT: Final = "$default"

Templates = Mapping[str, Template | None]
"""Media type in lower case to template, in the definition's order; None: it is none, and asking for it fails.

An empty text is no template: it is what exports write where a body passes.
"""


@dataclass(frozen=True, slots=True)
class PreparedResponse:
    """One entry of an integration's `responses`."""

    response: IntegrationResponse
    pattern: Expression | None  # of the default, and of a pattern that can't be read, None
    templates: Templates

    def template(self, accept: str | None) -> tuple[str, Template] | None:
        """The template for what the client accepts first, with its media type; None: the body passes.

        Absent or unmatched it is that of `application/json`, else the first one.

        Raises:
            Refusal: the template can't be read.

        """
        if not self.templates:
            return None
        media_type = first_media_type(accept)
        if media_type not in self.templates:
            media_type = _JSON if _JSON in self.templates else next(iter(self.templates))
        return media_type, _readable(self.templates[media_type])


class Prepared:
    """An integration that the host performs.

    Args:
        method: one whose `integration` is not None.

    """

    def __init__(self, method: HostedMethod) -> None:
        if method.integration is None:
            raise ValueError(f"{method.route} has no integration that the host performs")
        self.integration: Integration = method.integration
        self.is_function = calls_function(self.integration.uri)
        self._templates = _parsed(self.integration.request_templates)
        self._responses = tuple(
            PreparedResponse(response, _compiled(response.pattern), _parsed(response.response_templates))
            for response in self.integration.responses
        )
        self._paths = {path: _path(path) for path in _body_paths(self.integration)}

    def request_template(self, content_type: str | None) -> Template | None:
        """The template for a body's Content-Type; None: the body passes.

        Raises:
            Refusal: UNSUPPORTED_MEDIA_TYPE, or the template can't be read.

        """
        media_type = first_media_type(content_type) or _JSON
        for chosen in (media_type, _DEFAULT):
            if chosen in self._templates:
                return _readable(self._templates[chosen])
        behavior = self.integration.passthrough_behavior
        if behavior is PassthroughBehavior.NEVER or (
            behavior is PassthroughBehavior.WHEN_NO_TEMPLATES and self.integration.request_templates
        ):
            raise Refusal("UNSUPPORTED_MEDIA_TYPE", reason="no request template for the Content-Type")
        return None

    def response_for(self, text: str | None) -> PreparedResponse:
        """The first entry whose pattern matches the whole text, else the default (section 6).

        Args:
            text: a status, or the message of a function's error; None: what a function returned, which no
                pattern matches [R].

        Raises:
            Refusal: nothing matches, and there is no default.

        """
        for entry in self._responses:
            if text is not None and entry.pattern and entry.pattern.matches(text, longest=LONGEST_ERROR):
                return entry
        for entry in self._responses:
            if not entry.response.pattern:
                return entry
        raise configuration_error("no entry of the integration's responses matches, and there is no default")

    def path(self, text: str) -> JsonPath | None:
        """A JSONPath of the integration's mappings; None when it can't be read: it finds nothing."""
        return self._paths[text]


def _parsed(templates: Iterable[tuple[str, str]]) -> Templates:
    parsed: dict[str, Template | None] = {}
    for media_type, text in templates:
        if not text:
            continue
        try:
            template = parse(text)
        except TemplateInvalid:  # the front end has told it
            template = None
        parsed.setdefault(media_type.strip().lower(), template)
    return parsed


def _readable(template: Template | None) -> Template:
    if template is None:
        raise configuration_error("the template can't be read")
    return template


def _compiled(pattern: str | None) -> Expression | None:
    if not pattern:
        return None
    try:
        return Expression(pattern)
    except ExpressionInvalid:  # the front end has told it
        return None


def _body_paths(integration: Integration) -> set[str]:
    sources = [mapping.source for mapping in integration.request_parameters]
    responses = [each.source for entry in integration.responses for each in entry.response_parameters]
    return {
        each.jsonpath for each in (*sources, *responses) if isinstance(each, BodySource) and each.jsonpath
    }


def _path(text: str) -> JsonPath | None:
    try:
        return parse_mapped_path(text)
    except PathInvalid:
        return None
