from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from gateline.model.function import Function
from gateline.model.gateway import Gateway
from gateline.runtime.generation import Generations
from gateline.sources import load
from runtime.authorized import write_authorized_project

NAME = "orders/prod/tokens"


def gateway(folder: Path) -> Gateway:
    loaded = load(write_authorized_project(folder).project, overlays=(), environ={}, checking=False)
    assert loaded.gateway is not None
    return loaded.gateway


def with_function(gateway: Gateway, **changes: object) -> Gateway:
    function: Function = gateway.functions[0]
    return replace(gateway, functions=(replace(function, **changes),))  # type: ignore[arg-type]


def test_a_generation_stays_while_nothing_changes(tmp_path: Path) -> None:
    generations, given = Generations(), gateway(tmp_path)
    first = generations.of(given, {"authorizer": "r1"})
    assert set(first) == {NAME}
    assert len(first[NAME]) == 16
    moved = with_function(given, origin=given.functions[0].origin.child("elsewhere"))
    assert generations.of(moved, {"authorizer": "r1"}) == first


def test_every_process_has_its_own(tmp_path: Path) -> None:
    given = gateway(tmp_path)
    assert Generations().of(given, {}) != Generations().of(given, {})


def test_whatever_the_answer_may_depend_on_makes_a_new_one(tmp_path: Path) -> None:
    generations, given = Generations(), gateway(tmp_path)
    (api,) = given.apis
    (authorizer,) = api.authorizers
    (stage,) = api.stages
    other_source = replace(authorizer, identity_sources=("method.request.header.Other",))
    variants = [
        (given, "r2"),
        (given, "r1"),
        (with_function(given, environment=(("ISSUER", "x"),)), "r1"),
        (with_function(given, environment=(("ISSUER", "y"),)), "r1"),
        (with_function(given, handler="auth.other"), "r1"),
        (replace(given, apis=(replace(api, authorizers=(other_source,)),)), "r1"),
        (
            replace(
                given,
                apis=(replace(api, authorizers=(replace(authorizer, result_ttl=timedelta(seconds=1)),)),),
            ),
            "r1",
        ),
        (replace(given, apis=(replace(api, stages=(replace(stage, variables=(("a", "b"),)),)),)), "r1"),
        (replace(given, functions=()), "r1"),
    ]
    seen = [generations.of(variant, {"authorizer": revision})[NAME] for variant, revision in variants]
    assert len(set(seen)) == len(variants)


def test_a_generation_never_comes_back(tmp_path: Path) -> None:
    generations, given = Generations(), gateway(tmp_path)
    first = generations.of(given, {"authorizer": "r1"})
    generations.of(given, {"authorizer": "r2"})
    assert generations.of(given, {"authorizer": "r1"}) != first


def test_a_flush_renews_what_it_names(tmp_path: Path) -> None:
    generations, given = Generations(), gateway(tmp_path)
    first = generations.of(given, {})
    generations.renew(["orders/dev/tokens"])
    assert generations.of(given, {}) == first
    generations.renew([NAME])
    assert generations.of(given, {}) != first
