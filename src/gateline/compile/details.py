"""Details of a method, as `gateway.lua` reads them when the method is first asked for.

Each begins alike: the kind, the route's name, the number of the stage's authorizer (0: nobody is asked) and the
path parameters that functions are told of; then what its kind needs.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateline.compile.behind_api import End
from gateline.compile.hosting import needs_description
from gateline.compile.mapping import Mapped, path_parameters
from gateline.compile.table import Table
from gateline.model.rest_api import Method, RestApi

INTERNAL_ERROR = ("500", '{"message": "Internal server error"}', "InternalServerErrorException")
NO_AUTHORIZER = ("500", '{"message":null}', "AuthorizerConfigurationException")
NOT_IMPLEMENTED = ("501", '{"message":"Not Implemented"}', "NotImplementedException")


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Writes the details of one method."""

    api: RestApi
    method: Method
    route: str
    authorizer: int  # the number of the stage's authorizer, 0 for none

    def error(self, answer: tuple[str, str, str], why: str) -> str:
        """A constant answer of the script: status, body, error type; and the reason code."""
        return self._text("error", *answer, why)

    def mock(self) -> str:
        """A mock whose answer is its route's."""
        integration = self.method.integration
        templates = [media_type.lower() for media_type, _ in integration.request_templates]
        return self._text("mock", str(integration.passthrough_behavior), len(templates), *templates)

    def function(self) -> str:
        """A function behind aws_proxy: the host gets the request."""
        return self._text("function")

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

    def _text(self, kind: str, *values: str | int) -> str:
        table = Table()
        table.put(kind, self.route, self.authorizer)
        told = path_parameters(self.method.path) if needs_description(self.api, self.method) else ()
        table.put(len(told))
        for name, source in told:
            table.put(name, *source)
        table.put(*values)
        return table.text
