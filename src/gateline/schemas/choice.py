"""Which of a method's models a request's body must fit: by its Content-Type (api-gateway.md section 13).

Amazon's rule: the model of the body's media type, parameters aside; without a Content-Type that of
`application/json`; else `$default`; else the body is not checked. Two readings are Gateline's own, so that nobody
gets past a model by what a backend would read as JSON anyway: a Content-Type that is malformed (doubled, a list,
no `type/subtype`) counts as none and always finds a model, and a model for `*/*` is one for `$default`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

JSON: Final = "application/json"
DEFAULTS: Final = ("$default", "*/*")

_MEDIA_TYPE: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")


def model_for(models: Sequence[tuple[str, str]], content_types: Sequence[str]) -> str | None:
    """The name of the model that the body must fit; None: no model means it.

    Args:
        models: media type → model, of a method whose bodies are validated.
        content_types: the values of the request's Content-Type headers.

    """
    if not models:
        return None
    by_type = {_bare(media_type): name for media_type, name in reversed(models)}
    written = [value for value in content_types if value.strip()]
    sent = _bare(written[0]) if written else JSON
    is_list = len(written) > 1 or any(map(_is_list, written))
    is_malformed = is_list or not _MEDIA_TYPE.fullmatch(sent)
    for media_type in (JSON if is_malformed else sent, *DEFAULTS):
        if media_type in by_type:
            return by_type[media_type]
    return models[0][1] if is_malformed else None


def _is_list(value: str) -> bool:
    """Whether a comma stands outside of quotes: Envoy joins two headers so, also behind a parameter of the first."""
    parts = value.split('"')
    return len(parts) % 2 == 0 or any("," in part for part in parts[::2])


def _bare(media_type: str) -> str:
    """Without parameters, in lower case."""
    return media_type.partition(";")[0].strip(" \t").lower()
