"""Front door for requests: a template becomes text."""

from __future__ import annotations

from collections.abc import Mapping

from gateline.templates.budget import BRIEF, UNSTINTED, Budget, Exhausted, Meter, TemplateFailed
from gateline.templates.frame import Broken, Frame, Stopped
from gateline.templates.input_variable import Input, InputVariable
from gateline.templates.template import Template
from gateline.templates.util_variable import UtilVariable

__all__ = ["BRIEF", "UNSTINTED", "Budget", "Exhausted", "Input", "TemplateFailed", "render"]


def render(
    template: Template,
    *,
    input: Input,  # noqa: A002 - its name in templates
    context: dict[str, object],
    stage_variables: Mapping[str, str],
    budget: Budget = UNSTINTED,
) -> str:
    """Render a template (api-gateway.md section 8).

    `context` is `$context`: dicts, lists, texts, numbers, booleans. What the template sets below
    `$context.requestOverride` and `responseOverride` is in it afterwards; so is what else it sets.

    Raises:
        TemplateFailed: it cannot be rendered, or takes more than its budget (Exhausted): the client gets 500.

    """
    if template.constant is not None:
        return template.constant
    variables: dict[str, object] = {
        "input": InputVariable(input),
        "util": UtilVariable(),
        "context": context,
        "stageVariables": dict(stage_variables),
    }
    frame = Frame(variables, template.macros, Meter(budget))
    try:
        template.block.render(frame)
    except (Stopped, Broken):
        pass
    except (RecursionError, MemoryError) as error:
        raise TemplateFailed("the template takes too much") from error
    return sent(frame.written)


def sent(text: str) -> str:
    """The text as it can be written in UTF-8: halves of surrogate pairs joined, lone ones replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
