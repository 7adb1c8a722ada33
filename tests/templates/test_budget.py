from __future__ import annotations

import pytest

from gateline.templates.budget import BRIEF, UNSTINTED, Budget, Exhausted, Meter, TemplateFailed


def test_steps_and_characters_run_out() -> None:
    meter = Meter(Budget(steps=10, characters=10))
    meter.spend(10)
    meter.take(10)
    assert meter.room == 0
    with pytest.raises(TemplateFailed, match="steps"):
        meter.spend()
    with pytest.raises(TemplateFailed, match="text"):
        meter.take(1)


def test_the_clock_is_looked_at_every_thousand_steps() -> None:
    meter = Meter(Budget(seconds=0.0))
    meter.spend(999)
    with pytest.raises(TemplateFailed, match="too long"):
        meter.spend(2)


def test_the_clock_can_be_looked_at_at_once() -> None:
    Meter(Budget(seconds=60.0)).look()
    with pytest.raises(TemplateFailed, match="too long"):
        Meter(Budget(seconds=-1.0)).look()


def test_what_is_too_much_for_a_brief_rendering_is_told_apart_and_is_little_of_a_whole_one() -> None:
    brief, whole = Meter(BRIEF), Meter(UNSTINTED)
    with pytest.raises(Exhausted):
        brief.spend(BRIEF.steps + 1)
    whole.spend(BRIEF.steps + 1)
    with pytest.raises(Exhausted):
        brief.take(BRIEF.characters + 1)
    whole.take(BRIEF.characters + 1)
