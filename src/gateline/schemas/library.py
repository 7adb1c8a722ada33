"""An API's models as one library: what a `$ref` in one of them means.

`#/definitions/Name` and `#/components/schemas/Name` are models of the API, unless the model has such a place itself;
`https://apigateway.amazonaws.com/restapis/{api}/models/{Name}` always is one (api-gateway.md section 13). Whatever
follows the name is a JSON Pointer into that model, and any other `#...` points into the model that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from gateline.schemas.json_body import Json, read

_URL: Final = re.compile(
    r"https://apigateway\.amazonaws\.com/restapis/[^/#?]+/models/(?P<name>[^/#?]+)(?:#(?P<pointer>.*))?"
)
_BUILT_IN: Final = {
    "Empty": '{"type": "object", "title": "Empty Schema"}',
    "Error": '{"type": "object", "title": "Error Schema", "properties": {"message": {"type": "string"}}}',
}
"""The models that every API has from the beginning."""


def model_in_url(reference: str) -> str | None:
    """The model that a `$ref` in Amazon's canonical form names; None: it is none."""
    found = _URL.fullmatch(reference)
    return unquote(found["name"]) if found else None


class Library:
    """Models by name.

    Raises:
        JsonInvalid: a model is no JSON.

    """

    def __init__(self, definitions: Mapping[str, str]) -> None:
        self._texts = {**_BUILT_IN, **definitions}
        self._read: dict[str, Json] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._texts

    def model(self, name: str) -> Json:
        """The schema of that name, read when it is first asked for.

        Raises:
            KeyError: there is none.
            JsonInvalid: it is no JSON.

        """
        if name not in self._read:
            self._read[name] = read(self._texts[name])
        return self._read[name]

    def find(self, home: str, reference: str) -> tuple[str, Json] | None:
        """What a `$ref` in the model `home` means, and the model that it is in; None: nothing.

        Raises:
            JsonInvalid: the model is no JSON.

        """
        url = _URL.fullmatch(reference)
        if url is not None:
            return self._inside(unquote(url["name"]), _steps(url["pointer"] or ""))
        if not reference.startswith("#"):
            return None
        steps = _steps(reference[1:])
        found = self._inside(home, steps)
        if found is not None:
            return found
        for prefix in (["definitions"], ["components", "schemas"]):
            rest = steps[len(prefix) :]
            if steps[: len(prefix)] == prefix and rest:
                return self._inside(rest[0], rest[1:])
        return None

    def _inside(self, name: str, steps: list[str]) -> tuple[str, Json] | None:
        if name not in self._texts:
            return None
        value = self.model(name)
        for step in steps:
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdecimal() and len(step) < 9 and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        return name, value


def _steps(pointer: str) -> list[str]:
    written = unquote(pointer).strip()
    if not written:
        return []
    return [step.replace("~1", "/").replace("~0", "~") for step in written.removeprefix("/").split("/")]
