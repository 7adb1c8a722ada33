"""Details of a method, as `gateway.lua` reads them when the method is first asked for.

Each begins alike: the kind, the route's name, the number of the stage's authorizer (0: nobody is asked), the path
parameters that functions are told of, and what else is asked of a request, which is "" for most; then what its kind
needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateline.compile.behind_api import End
from gateline.compile.hosting import asks_with_request
from gateline.compile.mapping import Mapped, path_parameters, request_source
from gateline.compile.table import Table
from gateline.model.assertion import Assertion, Binding
from gateline.model.integration import RequestSource
from gateline.model.rest_api import Method, RestApi

INTERNAL_ERROR: Final = "API_CONFIGURATION_ERROR"
NO_AUTHORIZER: Final = "AUTHORIZER_CONFIGURATION_ERROR"
NO_FUNCTION: Final = "FUNCTION_FAILURE"
NOT_IMPLEMENTED: Final = "NOT_IMPLEMENTED"
"""Answers that `gateway_responses.lua` gives by itself; it knows the last two beside Amazon's types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Writes the details of one method."""

    api: RestApi
    method: Method
    route: str
    authorizer: int  # the number of the stage's authorizer, 0 for none
    required: tuple[
        RequestSource, ...
    ] = ()  # parameters that a request must have, in the order of the message
    is_inspected: bool = False  # the host looks at the body before it goes to a backend
    assertion: Assertion | None = None  # what the request to the backend carries

    def error(self, answer: str, why: str) -> str:
        """A gateway response that the script always gives, and the reason code."""
        return self._text("error", answer, why)

    def mock(self) -> str:
        """A mock whose answer is its route's."""
        integration = self.method.integration
        templates = [media_type.lower() for media_type, _ in integration.request_templates]
        return self._text("mock", str(integration.passthrough_behavior), len(templates), *templates)

    def function(self) -> str:
        """A function, or what else the host does itself: it gets the request."""
        return self._text("function", is_described=True)

    def proxy(self, mapped: Mapped, verb: str, authority: str, end: End) -> str:
        """A backend: what the request is mapped to. `verb` and `authority` are "" where the script sets none."""
        values: list[str | int] = [verb, authority, int(end.is_balanced)]
        values += (len(end.patterns), *end.patterns)
        values.append(len(mapped.path))
        for source in mapped.path:
            values += source
        for named in (mapped.query, mapped.headers):
            values.append(len(named))
            for target, source in named:
                values += (target, *source)
        return self._text("proxy", *values)

    def _extras(self) -> str:
        """Whether a key is asked for, which parameters must be there, whether the body is looked at, the assertion."""
        needs_key = self.method.authorization.api_key_required
        assertion = self.assertion
        if not (needs_key or self.required or self.is_inspected or assertion):
            return ""
        table = Table()
        table.put(int(needs_key), len(self.required))
        for source in self.required:
            table.put(source.name, *request_source(source, self.method.path))
        table.put(int(self.is_inspected))
        if assertion is None:
            table.put("", "", 0)
        else:
            table.put(assertion.header, assertion.audience, int(assertion.binding is Binding.REQUEST))
        return table.text

    def _text(self, kind: str, *values: str | int, is_described: bool = False) -> str:
        table = Table()
        table.put(kind, self.route, self.authorizer)
        is_described = is_described or self.is_inspected or asks_with_request(self.api, self.method)
        told = path_parameters(self.method.path) if is_described else ()
        table.put(len(told))
        for name, source in told:
            table.put(name, *source)
        table.put(self._extras())
        table.put(*values)
        return table.text
