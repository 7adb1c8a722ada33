"""What the script knows of gateway responses, and when it does anything about them.

Every answer over HTTP: tests/end_to_end/gateway_responses.
"""

from __future__ import annotations

import re
from typing import Final

from compile.gateways import ORIGIN, api, compiled, gateway, method
from dataplane.simulated_envoy import Outcome, SimulatedEnvoy
from gateline import dataplane
from gateline.model.gateway_response import RESPONSE_TYPES, Part, PartKind
from gateline.model.rest_api import GatewayResponse

_LINE: Final = re.compile(r'^    ([A-Z_0-9]+) = \{ "(\d+)", (?:nil|"([^"]*)"), ', re.MULTILINE)


def test_the_script_and_the_model_know_the_same_answers() -> None:
    known = {
        name: (int(status), message or None) for name, status, message in _LINE.findall(dataplane.script())
    }
    ours = {"FUNCTION_FAILURE", "BAD_REQUEST", "URI_TOO_LONG", "NOT_IMPLEMENTED"}
    assert ours < set(known)
    assert {name: value for name, value in known.items() if name not in ours} == {
        name: (RESPONSE_TYPES[name].status, RESPONSE_TYPES[name].message) for name in set(known) - ours
    }


def passed(*responses: GatewayResponse) -> Outcome:
    """A request that passes, at an API with these responses."""
    served = api(method("GET", "/a"), gateway_responses=responses)
    return SimulatedEnvoy(compiled(gateway(served))).request(
        "GET", "/dev/a?q=a%0Db", [("origin", "https://a.test"), ("accept", "Text/HTML;q=1, x/y")]
    )


def response(*parts: Part, type_: str = "DEFAULT_5XX", **headers: Part) -> GatewayResponse:
    """A response with a template."""
    return GatewayResponse(
        type=type_,
        headers=tuple(headers.items()),
        templates=(("text/plain", parts), ("text/html", ())),
        origin=ORIGIN,
    )


def test_a_request_of_a_stage_without_such_answers_tells_envoy_nothing() -> None:
    assert passed().metadata == {}
    assert passed(response(Part(PartKind.CONTEXT, "path"), type_="UNAUTHORIZED")).metadata == {}


def test_envoy_is_told_what_its_own_answers_say_of_a_request() -> None:
    origin, query = Part(PartKind.HEADER, "Origin"), Part(PartKind.QUERYSTRING, "q")
    outcome = passed(response(query, Part(PartKind.PATH, "none"), a=origin, b=query))
    assert outcome.verdict == "orders/dev GET /a"
    assert outcome.metadata == {"accept": "text/html", "told0": "https://a.test", "told2": "a\rb"}
