from __future__ import annotations

import pytest

from gateline.templates.budget import TemplateFailed
from gateline.templates.methods import called, element, property_of, put
from templates.rendered import meter


@pytest.mark.parametrize("target", ["text", 1, 1.5, True, None, [1], {"a": 1}])
@pytest.mark.parametrize(
    "name", ["__class__", "class", "__dict__", "real", "append", "format", "upper", "getClass"]
)
def test_nothing_of_python_is_reached(target: object, name: str) -> None:
    assert property_of(target, name, meter()) is None
    assert called(target, name, [], meter()) is None


def test_elements_of_lists_and_maps() -> None:
    assert element(["a"], 0, meter()) == "a"
    assert element(["a"], "0", meter()) is None
    assert element({"a": 1, "1": 2}, "a", meter()) == 1
    assert element({"1": 2}, 1, meter()) == 2
    assert element("text", 0, meter()) is None
    with pytest.raises(TemplateFailed, match="outside"):
        element([], 0, meter())


def test_values_are_put_where_they_can_be() -> None:
    entries: dict[str, object] = {}
    items: list[object] = [1]
    put(entries, "a", 2, meter())
    put(items, 0, 3, meter())
    put("text", 0, 4, meter())
    assert (entries, items) == ({"a": 2}, [3])
    with pytest.raises(TemplateFailed, match="outside"):
        put(items, 1, 2, meter())


def test_lists_in_lists_are_noticed() -> None:
    measured = meter()
    put({}, "a", 1, measured)
    assert not measured.tangled
    put({}, "a", [], measured)
    assert measured.tangled


def test_maps_of_all_kinds_have_the_methods_of_maps() -> None:
    class Kind(dict[str, object]):
        pass

    assert called(Kind(a=1), "get", ["a"], meter()) == 1
