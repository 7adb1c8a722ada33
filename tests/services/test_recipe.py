from __future__ import annotations

from dataclasses import replace

from gateline.services.recipe import Recipe
from services.fleet import SERVICE


def test_a_recipe_brings_back_what_tasks_are_and_not_how_many_there_are() -> None:
    before = replace(SERVICE, environment=(("LEVEL", "1"),), secrets=(("TOKEN", "Token"),), desired_count=2)
    after = replace(SERVICE, command=("other",), cwd="/else", desired_count=7, maximum_percent=150)
    back = Recipe.of(before).applied(after)
    assert Recipe.of(back) == Recipe.of(before) != Recipe.of(after)
    assert (back.desired_count, back.maximum_percent) == (7, 150)


def test_the_values_of_an_environment_are_not_shown() -> None:
    assert "hunter2" not in repr(Recipe.of(replace(SERVICE, environment=(("PASSWORD", "hunter2"),))))
