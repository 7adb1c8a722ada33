"""Transforms of rules: one of each at most, of what is forwarded, with expressions that can be followed."""

from __future__ import annotations

import re
from typing import Final

from gateline.expressions.rewriting import rewriting
from gateline.expressions.syntax import ExpressionInvalid
from gateline.model import codes
from gateline.model.load_balancer import Action, Forward
from gateline.model.transform import Rewrite, Transforms
from gateline.sources.project_transform import TransformPart
from gateline.sources.rule_expression import refuse_expression
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench

_REPLACEMENTS: Final = {
    "host-header-rewrite": (
        re.compile(r"(?:\$[0-9]|[A-Za-z0-9._:-])*"),
        "letters, digits, . - _ : and groups",
    ),
    "url-rewrite": (re.compile(r"[!-~]*"), "visible characters of ASCII"),
}


def read_transforms(
    bench: Workbench, here: Pointer, parts: tuple[TransformPart, ...], action: Action | None
) -> Transforms:
    """What the list at that place rewrites; complains about what no request can become."""
    read: dict[str, Rewrite] = {}
    if parts and action is not None and not isinstance(action, Forward):
        message = "transforms change what is forwarded, and this rule forwards nothing"
        bench.complain(codes.TRANSFORM_INVALID, here, message, advice="leave them out, or forward")
    for index, part in enumerate(parts):
        if part.type in read:
            message = f"a rule takes one {part.type}"
            bench.complain(codes.TRANSFORM_INVALID, (*here, index), message)
        config = getattr(part, part.config_key)
        place = (*here, index, part.config_key, "rewrites", 0)
        rewrite = Rewrite(str(config.rewrites[0].regex), str(config.rewrites[0].replace))
        _judge(bench, place, part.type, rewrite)
        read[part.type] = rewrite
    return Transforms(host=read.get("host-header-rewrite"), url=read.get("url-rewrite"))


def _judge(bench: Workbench, place: Pointer, of_type: str, rewrite: Rewrite) -> None:
    try:
        rewriting(rewrite.regex, rewrite.replace, of_host=of_type == "host-header-rewrite")
    except ExpressionInvalid as problem:
        refuse_expression(bench, (*place, "regex"), rewrite.regex, str(problem))
    allowed, says = _REPLACEMENTS[of_type]
    if allowed.fullmatch(rewrite.replace) is None:
        pointer = (*place, "replace")
        message = f"replace of a {of_type} holds {says} only; it is '{bench.shown(pointer, rewrite.replace)}'"
        bench.complain(codes.TRANSFORM_INVALID, pointer, message)
