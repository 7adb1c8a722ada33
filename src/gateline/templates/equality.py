"""When two values are the same to Velocity: null is the empty text [R]; what differs in kind is compared as text."""

from __future__ import annotations

from gateline.templates.budget import Meter
from gateline.templates.java_number import number_of
from gateline.templates.java_text import text_of


def equal(left: object, right: object, meter: Meter) -> bool:
    """`left == right`, as `#if` judges it and as `contains` and `indexOf` look for values."""
    left = "" if left is None else left
    right = "" if right is None else right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    first, second = number_of(left), number_of(right)
    if first is not None and second is not None:
        return first == second
    if type(left) is type(right) and not (meter.tangled and isinstance(left, list | dict)):
        return left == right
    return text_of(left, meter) == text_of(right, meter)


def is_true(value: object) -> bool:
    """Whether `#if` takes it: all but `false`; null too, and the empty text, as in Velocity 1.x and recorded [R]."""
    return value is not False
