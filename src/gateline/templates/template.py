"""Front door for text: a mapping template, read once and rendered often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateline.templates.directive import Block
from gateline.templates.frame import Macro
from gateline.templates.parser import Parser, constant_of
from gateline.templates.scanner import TemplateInvalid

__all__ = ["Template", "TemplateInvalid", "parse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template that is ready to be rendered (`rendering.render`); may be shared."""

    block: Block
    macros: Mapping[str, Macro]
    constant: str | None
    """What it always renders to; None when it has references or directives."""


def parse(text: str) -> Template:
    """Read a template (api-gateway.md section 8); takes time in proportion to its length.

    Raises:
        TemplateInvalid: it is none; Amazon would answer 500 whenever it is used.

    """
    macros: dict[str, Macro] = {}
    block = Parser(text, macros=macros).template()
    return Template(block=block, macros=macros, constant=constant_of(block))
