"""The base path of a definition, and what an import makes of it (the table of api-gateway.md section 2)."""

from __future__ import annotations

import re
from typing import Final

from gateline.model.origin import Origin
from gateline.sources.definition import Definition, Dialect
from gateline.sources.json_value import JsonValue

_AUTHORITY: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*")
_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")


def base_path_prefix(definition: Definition) -> str:
    """What to put in front of every path: "" or "/a/b". Only `prepend` and `split` look at the base path."""
    mode = definition.context.basepath
    if mode == "ignore":
        return ""
    written, origin = _written(definition)
    definition.unknown(written, origin)
    segments = [segment for segment in written.split("/") if segment]
    if mode == "split":
        del segments[:1]
    return "".join(f"/{segment}" for segment in segments)


def _written(definition: Definition) -> tuple[str, Origin]:
    if definition.dialect is Dialect.SWAGGER_2:
        written = definition.text(definition.root, "basePath", definition.origin)
        return written, definition.at(definition.origin, "basePath")
    servers = definition.sequence(definition.root, "servers", definition.origin)
    origin = definition.at(definition.origin, "servers")
    for index, server in enumerate(servers):
        place = definition.at(origin, index, "variables", "basePath", "default")
        variable = _variables(server).get("basePath")
        if variable is not None:
            return variable, place
    first = servers[0] if servers and isinstance(servers[0], dict) else {}
    place = definition.at(origin, 0)
    url = definition.text(first, "url", place)
    path = _AUTHORITY.sub("", url, count=1).partition("?")[0].partition("#")[0]
    variables = _variables(first)
    return _VARIABLE.sub(lambda found: variables.get(found[1], found[0]), path), definition.at(place, "url")


def _variables(server: JsonValue) -> dict[str, str]:
    """The defaults of a server's variables."""
    variables = server.get("variables") if isinstance(server, dict) else None
    if not isinstance(variables, dict):
        return {}
    defaults = {key: value.get("default") for key, value in variables.items() if isinstance(value, dict)}
    return {key: value for key, value in defaults.items() if isinstance(value, str)}
