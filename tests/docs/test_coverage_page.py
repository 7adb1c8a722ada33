"""The coverage page names everything that the reader of definitions knows, and only codes that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from docs.markdown import ROOT, name, pages
from gateline.compile.mapping import DROPPED_HEADERS, DYNAMIC_CONTEXT, ILLEGAL_HEADERS
from gateline.dataplane import script
from gateline.model import codes
from gateline.model.diagnostic import Code
from gateline.model.integration import IntegrationKind
from gateline.sources import extensions, integration, intrinsics

PAGE: Final = (ROOT / "docs" / "reference" / "coverage.md").read_text(encoding="utf-8")
COMMANDS_PAGE: Final = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
NAMED: Final = frozenset(
    part for span in re.findall(r"`([^`]+)`", PAGE) for part in (span, span.partition(":")[0])
)
CODES: Final = {code.name: code for code in vars(codes).values() if isinstance(code, Code)}

_REASON: Final = re.compile(
    r'(?:forbidden|bad_request)\([^()]*(?:\([^()]*\)[^()]*)*"(\w+)"\)'
    r'|refuse\([^()]*(?:\([^()]*\)[^()]*)*"(\w+)"\)'
    r'|WHY, "(\w+)"|why = "(\w+)"|return "(path_\w+)"|(?:or|and) "(path_\w+)"'
)


def missing(known: set[str] | frozenset[str]) -> list[str]:
    return sorted(known - NAMED)


def test_every_extension_that_is_known_is_named() -> None:
    known = extensions.ROOT | extensions.OPERATION | extensions.PATH_ITEM | extensions.SCHEME
    assert missing(known) == []


def test_every_field_of_an_integration_is_named() -> None:
    assert missing(integration.KEYS) == []


def test_every_type_of_integration_is_named() -> None:
    assert missing({kind.value for kind in IntegrationKind}) == []


def test_every_context_variable_that_is_read_is_named() -> None:
    assert missing(DYNAMIC_CONTEXT) == []


def test_every_header_that_may_not_be_mapped_is_named() -> None:
    named = {each.lower() for each in NAMED}
    assert sorted((ILLEGAL_HEADERS | DROPPED_HEADERS) - named) == []


def test_every_function_of_cloudformation_is_named() -> None:
    assert missing(intrinsics.FUNCTIONS.keys() | {"Fn::Transform: AWS::Include"}) == []


def test_every_code_of_what_is_not_supported_is_named() -> None:
    unsupported = {
        name for name, code in CODES.items() if code.allowable or "not supported yet" in code.title
    }
    unsupported -= {codes.KEY_NOT_SUPPORTED_YET.name}  # of the project file
    assert sorted(each for each in unsupported if each not in PAGE) == []


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_code_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"\bGL\d{3}\b", page.read_text(encoding="utf-8")))
    assert sorted(named - CODES.keys()) == []


def test_every_reason_of_the_script_is_explained() -> None:
    reasons = {reason for found in _REASON.findall(script()) for reason in found if reason}
    assert {"host", "no_method", "script", "two_credentials", "path_percent"} <= reasons
    assert sorted(each for each in reasons if f"`{each}`" not in COMMANDS_PAGE) == []
