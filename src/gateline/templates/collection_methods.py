"""The methods of Java's lists, sets and maps that templates use."""

from __future__ import annotations

from typing import ClassVar, Final

from gateline.templates.budget import Meter, TemplateFailed
from gateline.templates.equality import equal
from gateline.templates.java_text import JavaList, text_of
from gateline.templates.method import Method, Methods, Tool, Unsuitable, whole_argument

_BYTES_OF_ENTRY: Final = 16
"""What a place in a list or map is charged for, in characters: lists may not grow for ever either."""


class HeaderMap(dict[str, object]):
    """Headers by name, whatever the case: Envoy hands them on in small letters."""

    __slots__ = ("_names",)

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__(headers)
        self._names = {name.lower(): name for name in headers}

    def get(self, key: object, default: object = None) -> object:
        """The value of a header."""
        if not isinstance(key, str):
            return default
        found = super().get(key)
        return super().get(self._names.get(key.lower(), ""), default) if found is None else found

    def __contains__(self, key: object) -> bool:
        return self.get(key) is not None


class Entry(Tool):
    """One entry of a map."""

    __slots__ = ("_key", "_value")

    METHODS: ClassVar[Methods] = {
        "getKey": Method(lambda _, entry: entry.attribute("key")),
        "getValue": Method(lambda _, entry: entry.attribute("value")),
        "toString": Method(lambda meter, entry: entry.text(meter)),
    }

    def __init__(self, key: str, value: object) -> None:
        self._key = key
        self._value = value

    def attribute(self, name: str) -> object:
        """`.key` and `.value`."""
        if name == "key":
            return self._key
        return self._value if name == "value" else None

    def text(self, meter: Meter) -> str:
        """`key=value`."""
        return f"{self._key}={text_of(self._value, meter)}"


def insert(meter: Meter, value: object) -> object:
    """A value on its way into a list or map: it takes room, and a list or map may now be met twice."""
    meter.take(_BYTES_OF_ENTRY)
    if isinstance(value, dict | list):
        meter.tangled = True
    return value


def key_text(key: object, meter: Meter) -> str:
    """What a key is called; all keys are texts here."""
    return key if isinstance(key, str) else text_of(key, meter)


def _list_get(_: Meter, items: list[object], index: object) -> object:
    place = whole_argument(index)
    if not 0 <= place < len(items):
        raise TemplateFailed("an index lies outside of its list")
    return items[place]


def _list_set(meter: Meter, items: list[object], index: object, value: object) -> object:
    before = _list_get(meter, items, index)
    items[whole_argument(index)] = insert(meter, value)
    return before


def _list_add(meter: Meter, items: list[object], first: object, *second: object) -> object:
    if not second:
        items.append(insert(meter, first))
        return True
    place = whole_argument(first)
    if not 0 <= place <= len(items):
        raise TemplateFailed("an index lies outside of its list")
    meter.spend(len(items) // 64)
    items.insert(place, insert(meter, second[0]))
    return None


def _list_add_all(meter: Meter, items: list[object], others: object) -> object:
    if not isinstance(others, list):
        raise Unsuitable
    meter.spend(len(others))
    items.extend([insert(meter, item) for item in others])
    return bool(others)


def _list_part(meter: Meter, items: list[object], begin: object, end: object) -> object:
    first, last = whole_argument(begin), whole_argument(end)
    if not 0 <= first <= last <= len(items):
        raise TemplateFailed("an index lies outside of its list")
    meter.spend(last - first)
    return JavaList(insert(meter, item) for item in items[first:last])


def _list_contains_all(meter: Meter, items: list[object], others: object) -> object:
    if not isinstance(others, list):
        raise Unsuitable
    return all(_place_of(meter, items, other) >= 0 for other in others)


def _place_of(meter: Meter, items: list[object], value: object) -> int:
    for place, item in enumerate(items):
        meter.spend()
        if equal(item, value, meter):
            return place
    return -1


def _list_remove(meter: Meter, items: list[object], which: object) -> object:
    if isinstance(which, int) and not isinstance(which, bool):
        removed = _list_get(meter, items, which)
        del items[which]
        return removed
    place = _place_of(meter, items, which)
    if place >= 0:
        del items[place]
    return place >= 0


def _map_put(meter: Meter, entries: dict[str, object], key: object, value: object) -> object:
    name = key_text(key, meter)
    before = entries.get(name)
    entries[name] = insert(meter, value)
    return before


def _map_put_all(meter: Meter, entries: dict[str, object], others: object) -> object:
    if not isinstance(others, dict):
        raise Unsuitable
    for key, value in tuple(others.items()):
        entries[key] = insert(meter, value)
    meter.spend(len(others))
    return None


def _map_values(meter: Meter, entries: dict[str, object]) -> object:
    meter.spend(len(entries))
    return JavaList(entries.values())


def _map_entries(meter: Meter, entries: dict[str, object]) -> object:
    meter.spend(len(entries))
    return JavaList(Entry(key, value) for key, value in entries.items())


def _map_keys(meter: Meter, entries: dict[str, object]) -> object:
    meter.spend(len(entries))
    return JavaList(entries)


def _map_get_or_default(meter: Meter, entries: dict[str, object], key: object, default: object) -> object:
    found = entries.get(key_text(key, meter))
    return default if found is None else found


def _emptied(_: Meter, values: list[object] | dict[str, object]) -> object:
    values.clear()
    return None


LIST_METHODS: Final[Methods] = {
    "size": Method(lambda _, items: len(items)),
    "isEmpty": Method(lambda _, items: not items),
    "get": Method(_list_get, 1, 1),
    "set": Method(_list_set, 2, 2),
    "add": Method(_list_add, 1, 2),
    "addAll": Method(_list_add_all, 1, 1),
    "remove": Method(_list_remove, 1, 1),
    "clear": Method(_emptied),
    "contains": Method(lambda meter, items, value: _place_of(meter, items, value) >= 0, 1, 1),
    "containsAll": Method(_list_contains_all, 1, 1),
    "indexOf": Method(_place_of, 1, 1),
    "subList": Method(_list_part, 2, 2),
    "toString": Method(lambda meter, items: text_of(items, meter)),
    "equals": Method(lambda meter, items, other: equal(items, other, meter), 1, 1),
}

MAP_METHODS: Final[Methods] = {
    "size": Method(lambda _, entries: len(entries)),
    "isEmpty": Method(lambda _, entries: not entries),
    "get": Method(lambda meter, entries, key: entries.get(key_text(key, meter)), 1, 1),
    "getOrDefault": Method(_map_get_or_default, 2, 2),
    "put": Method(_map_put, 2, 2),
    "putAll": Method(_map_put_all, 1, 1),
    "remove": Method(lambda meter, entries, key: entries.pop(key_text(key, meter), None), 1, 1),
    "clear": Method(_emptied),
    "containsKey": Method(lambda meter, entries, key: key_text(key, meter) in entries, 1, 1),
    "containsValue": Method(
        lambda meter, entries, value: _place_of(meter, list(entries.values()), value) >= 0, 1, 1
    ),
    "keySet": Method(_map_keys),
    "values": Method(_map_values),
    "entrySet": Method(_map_entries),
    "toString": Method(lambda meter, entries: text_of(entries, meter)),
    "equals": Method(lambda meter, entries, other: equal(entries, other, meter), 1, 1),
}
