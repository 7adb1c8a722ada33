"""Lambda authorizers of a stage: what `gateway.lua` reads of a request to know its caller.

Rules: api-gateway.md sections 2.2 and 10.
"""

from __future__ import annotations

import re
from typing import Final

from gateline.compile.mapping import DYNAMIC_CONTEXT, Source
from gateline.compile.table import Table
from gateline.model.authorizer import Authorizer, AuthorizerKind
from gateline.model.rest_api import RestApi, Stage

_REQUEST: Final = re.compile(
    r"method\.request\.(?P<many>multivalue)?(?P<where>header|querystring)\.(?P<name>.+)"
)
_PER_METHOD: Final = frozenset({"resourcePath", "resourceId"})
"""Context of the resource, one as good as the other to tell callers apart."""


def identity_headers(authorizer: Authorizer) -> tuple[str, ...]:
    """The headers by which callers are known, as the definition spells them."""
    found = (_REQUEST.fullmatch(text) for text in authorizer.identity_sources)
    return tuple(match["name"] for match in found if match and match["where"] == "header")


def put_authorizer(table: Table, authorizer: Authorizer, api: RestApi, stage: Stage) -> None:
    """Write an authorizer into the stage's table."""
    sources = [_identity_source(text, api, stage) for text in authorizer.identity_sources]
    table.put(authorizer.name, str(authorizer.kind), int(authorizer.result_ttl.total_seconds() > 0))
    if authorizer.kind is AuthorizerKind.TOKEN:
        table.put(sources[0][1] if sources else "authorization")
        return
    table.put(len(sources))
    for kind, argument in sources:
        table.put(kind, argument)


def _identity_source(text: str, api: RestApi, stage: Stage) -> Source:
    """An identity source. All values of a header or parameter count, so that none is judged by another's."""
    found = _REQUEST.fullmatch(text)
    if found and found["where"] == "header":
        name = found["name"].lower()
        return ("headers" if found["many"] else "header", ":authority" if name == "host" else name)
    if found:
        return ("queries" if found["many"] else "query", found["name"])
    root, _, rest = text.partition(".")
    if root == "stageVariables":
        return ("literal", dict(stage.variables).get(rest, ""))
    if rest in _PER_METHOD:
        return ("context", "resourcePath")
    if rest in DYNAMIC_CONTEXT:
        return ("context", rest)
    return ("literal", {"apiId": api.api_id, "stage": stage.name}.get(rest, ""))
