"""A client's request as mappings and templates read it."""

from __future__ import annotations

from dataclasses import replace

from integrations.hosted import request
from integrations.samples import CALL


def test_queries_have_all_their_values_and_a_last_one() -> None:
    asked = request()
    assert asked.query["color"] == ["red", "blue"]
    assert asked.single_query == {"color": "blue", "q": "a b+"}


def test_path_parameters_stay_raw() -> None:
    asked = request(call=replace(CALL, path_parameters=(("id", "a%20b"),)))
    assert asked.path == {"id": "a%20b"}


def test_the_context_knows_the_clients_user_agent() -> None:
    identity = request().context["identity"]
    assert isinstance(identity, dict)
    assert identity["userAgent"] == "curl/8.5.0"
