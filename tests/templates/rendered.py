"""Templates rendered as tests need them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gateline.templates.budget import Budget, Meter
from gateline.templates.rendering import Input, render
from gateline.templates.template import parse


def rendered(
    template: str,
    body: str = "",
    *,
    given: Mapping[str, Any] | None = None,
    context: dict[str, object] | None = None,
    stage: Mapping[str, str] | None = None,
    budget: Budget | None = None,
    **parameters: Mapping[str, str],
) -> str:
    """What a template becomes; each of `given` is a variable of it, with a value from JSON."""
    setting = "".join(f"#set(${name} = $util.parseJson($input.body).{name})" for name in given or {})
    return render(
        parse(setting + template),
        input=Input(body=json.dumps(given) if given is not None else body, **parameters),
        context={} if context is None else context,
        stage_variables=stage or {},
        budget=budget or Budget(),
    )


def meter(**bounds: Any) -> Meter:
    """A meter with these bounds."""
    return Meter(Budget(**bounds))
