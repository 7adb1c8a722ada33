"""A client's request as mappings and templates read it."""

from __future__ import annotations

from functools import cached_property

from gateline.integrations.body_value import Body
from gateline.integrations.client_headers import ClientHeaders
from gateline.integrations.context import Circumstances, template_context
from gateline.integrations.header_names import AMAZON_SPELLS
from gateline.integrations.outgoing import RawHeaders
from gateline.integrations.query import parse_query


class ClientRequest:
    """One request. `context` is `$context`: templates write into it, and what they write stays."""

    def __init__(self, circumstances: Circumstances, headers: RawHeaders, body: bytes) -> None:
        call = circumstances.call
        self.call = call
        self.stage = circumstances.stage
        self.method = circumstances.method
        self.body = body
        self.headers = ClientHeaders(headers, call, AMAZON_SPELLS)
        self.path = dict(call.path_parameters)
        self.variables = dict(circumstances.stage.variables)
        self.context = template_context(circumstances, self.headers.last("user-agent"))

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """Name to all values, decoded, in order."""
        return parse_query(self.call.query)

    @cached_property
    def parsed_body(self) -> Body:
        """The body, for mappings that read it."""
        return Body(self.body)

    def let_body_go(self) -> None:
        """Hold the body no longer; nobody may ask for it any more."""
        self.body = b""
        self.__dict__.pop("parsed_body", None)

    @property
    def single_query(self) -> dict[str, str]:
        """Name to last value."""
        return {name: values[-1] for name, values in self.query.items()}
