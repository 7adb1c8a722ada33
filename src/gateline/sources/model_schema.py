"""Models that bodies are validated by: told when a definition is read, not when the first body comes.

Models that nothing is validated by are not looked at; Amazon would refuse some of those at import, too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from gateline.model import codes
from gateline.model.origin import Origin
from gateline.sources.definition import Definition

_NAME: Final = re.compile(r"[A-Za-z0-9]+")


def check_models(
    definition: Definition,
    texts: Mapping[str, str],
    places: Mapping[str, Origin],
    told: Collection[tuple[str, str]],
) -> None:
    """Complain about models that cannot judge, or judge otherwise than they read.

    Args:
        definition: whose models they are.
        texts: all models by name; one that stands in an operation is named by its place, with a `#`.
        places: where the models are that bodies are validated by.
        told: models and their references that were complained about already.

    """
    if not places:
        return
    # Only now: `regex` takes 3 MB, and few definitions validate bodies.
    from gateline.schemas.model import check, ignored  # noqa: PLC0415

    for problem in check(texts, places):
        if (problem.model, problem.reference) in told:
            continue
        code = codes.REFERENCE_NOT_FOUND if problem.reference else codes.MODEL_INVALID
        advice = "no body can be validated against it"
        place = definition.at(places[problem.model], *problem.pointer)
        definition.complain(code, place, problem.message, advice=advice)
    for name, origin in places.items():
        if not name.startswith("#") and not _NAME.fullmatch(name):
            message = f"the model name '{name}' is not alphanumeric: API Gateway does not import it"
            definition.complain(codes.MODEL_NAME_NOT_ALPHANUMERIC, origin, message)
        for pointer, keyword in ignored(texts[name]):
            message = f"'{keyword}' means nothing in a model: API Gateway reads JSON Schema draft 4"
            definition.complain(codes.MODEL_KEYWORD_IGNORED, definition.at(origin, *pointer), message)
