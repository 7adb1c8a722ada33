from __future__ import annotations

from gateline.runtime.pulse import Patience, Pulse

PATIENCE = Patience(idle=3, busy=6)


def hung(*looks: str) -> list[bool]:
    """What is said to each look: `i` missed and idle, `b` missed and busy, `a` answered."""
    pulse = Pulse(PATIENCE)
    said = []
    for look in looks:
        if look == "a":
            pulse.answered()
            said.append(False)
        else:
            said.append(pulse.missed(idle=look == "i"))
    return said


def test_an_idle_process_that_misses_a_few_times_in_a_row_is_hung() -> None:
    assert hung(*"iii") == [False, False, True]


def test_an_answer_makes_earlier_misses_count_no_more() -> None:
    assert not any(hung(*"iiaiiaii"))


def test_a_process_that_works_at_times_is_busy() -> None:
    assert not any(hung(*"iibii"))


def test_a_busy_process_that_never_answers_is_hung_in_the_end() -> None:
    assert hung(*"bbbbbb") == [False] * 5 + [True]


def test_after_it_was_told_it_is_judged_anew() -> None:
    assert hung(*"iiiii") == [False, False, True, False, False]
