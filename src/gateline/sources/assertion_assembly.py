"""From the project file's assertions to the model's: headers that nobody else may have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from gateline.model import codes
from gateline.model.assertion import Assertion, Binding
from gateline.model.diagnostic import Complaints
from gateline.model.integration import Location, ParameterMapping
from gateline.model.origin import Origin
from gateline.model.rest_api import RestApi
from gateline.sources.project_assertion import AssertionPart
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench

_TAKEN: Final = re.compile(
    r"x-(?:gl|envoy|amz|amzn|forwarded|original|rewrite|http-method|method|request-id|api-key|gateway-secret)"
    r"(?:-.*)?"
)
"""Names whose meaning is the gateway's, a proxy's, or a caller's."""

_IDENTITY: Final = re.compile(r"method\.request\.(?:multivalue)?header\.(.+)")


def stage_assertion(bench: Workbench, here: Pointer, part: AssertionPart | None) -> Assertion | None:
    """The assertions of a stage; `here` is the stage's place."""
    if part is None:
        return None
    pointer: Pointer = (*here, "assertion")
    header = part.header.lower()
    if _TAKEN.fullmatch(header):
        bench.complain(
            codes.ASSERTION_HEADER_TAKEN,
            (*pointer, "header"),
            f"the header {bench.shown((*pointer, 'header'), part.header)} cannot carry assertions: it has a meaning",
            advice="leave the key out: X-Gateline-Assertion is what the guard reads",
        )
    return Assertion(
        audience=part.audience,
        header=header,
        binding=Binding(part.bind),
        everywhere=part.integrations == "all",
        origin=bench.origin(pointer),
    )


def check_assertions(apis: Iterable[RestApi], complaints: Complaints) -> None:
    """Complain about definitions that write the header of an assertion, or believe a client's."""
    listed = tuple(apis)
    headers = {
        _folded(stage.assertion.header): stage.assertion.header
        for api in listed
        for stage in api.stages
        if stage.assertion is not None
    }
    if not headers:
        return
    for api in listed:
        for name, origin, does in _uses(api):
            if (header := headers.get(_folded(name))) is not None:
                complaints.add(
                    codes.ASSERTION_HEADER_USED,
                    origin,
                    f"{does} the header {name}, but {header} carries assertions, which only the gateway writes",
                    help="Give one of them another name.",
                )


def _uses(api: RestApi) -> Iterator[tuple[str, Origin, str]]:
    """Names of headers that an API writes to backends or asks callers for, where, and how that is said."""
    for method in api.methods:
        for mapping in method.integration.request_parameters:
            if _is_header(mapping):
                yield mapping.name, mapping.origin, "a mapping writes"
    for authorizer in api.authorizers:
        for source in authorizer.identity_sources:
            if found := _IDENTITY.fullmatch(source):
                yield found[1], authorizer.origin, "an authorizer asks callers for"


def _is_header(mapping: ParameterMapping) -> bool:
    return mapping.location is Location.HEADER


def _folded(name: str) -> str:
    """A header's name as servers may fold it: many take `x_a` and `x-a` for one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
