"""`method.request.body` and `integration.response.body`, whole or by a JSONPath (api-gateway.md section 7)."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from gateline.templates.budget import UNSTINTED, Meter, TemplateFailed
from gateline.templates.json_text import JsonInvalid, read, write
from gateline.templates.jsonpath import MISSING, JsonPath

_JSON_BEGINS: Final = ("{", "[", '"', "'")


class BodyMalformed(ValueError):
    """The body begins as JSON does and is none."""


class Body:
    """A body that mappings read. An empty one is `{}`, and what does not begin as JSON holds no values [R]."""

    def __init__(self, body: bytes) -> None:
        self._text = body.decode(errors="replace").strip() or "{}"

    def value(self, path: JsonPath | None) -> str | None:
        """The text of what a JSONPath finds, None for nothing and for null; without a path the whole body.

        Text comes without its quotes, everything else as JSON.

        Raises:
            BodyMalformed: the body is not JSON.

        """
        if path is None:
            _ = self._read
            return self._text
        try:
            found = path.read(self._read)
            if found is MISSING or found is None:
                return None
            return found if isinstance(found, str) else write(found, Meter(UNSTINTED))
        except TemplateFailed:  # nested too deeply, or more values than are worth visiting
            raise BodyMalformed from None

    @cached_property
    def _read(self) -> object:
        if not self._text.startswith(_JSON_BEGINS):
            return {}
        try:
            return read(self._text)
        except JsonInvalid:
            raise BodyMalformed from None
