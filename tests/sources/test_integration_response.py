from typing import Any

import pytest

from sources.definitions import Json, Read, one, read


def responses(value: Any) -> Read:
    return read(one({"type": "http", "responses": value}))


def test_entries_keep_their_order_and_default_has_no_pattern() -> None:
    value = {"2\\d{2}": {"statusCode": "200"}, "default": {"statusCode": 400}, "BAD.*": {"statusCode": 502}}
    found = responses(value).integration.responses
    assert [(entry.pattern, entry.status_code) for entry in found] == [
        ("2\\d{2}", 200),
        (None, 400),
        ("BAD.*", 502),
    ]


def test_parts_of_an_entry_are_read() -> None:
    entry: Json = {
        "statusCode": "200",
        "responseParameters": {"method.response.header.X": "'1'"},
        "responseTemplates": {"application/json": "$input.body"},
        "contentHandling": "CONVERT_TO_BINARY",
    }
    result = responses({"default": entry})
    (found,) = result.integration.responses
    assert [(p.header, p.expression) for p in found.response_parameters] == [("X", "'1'")]
    assert found.response_templates == (("application/json", "$input.body"),)
    assert found.content_handling == "CONVERT_TO_BINARY"
    assert found.origin.pointer[-2:] == ("responses", "default")
    assert result.codes == []


def test_a_status_that_is_left_out_is_200() -> None:
    assert responses({"default": {}}).integration.responses[0].status_code == 200


@pytest.mark.parametrize("status", [99, 600, "0", 10**12])
def test_a_status_that_http_lacks_is_refused(status: Any) -> None:
    assert responses({"default": {"statusCode": status}}).errors == ["GL339"]


@pytest.mark.parametrize("status", ["ok", 200.5, [200], True])
def test_a_status_that_is_no_number_is_refused(status: Any) -> None:
    assert responses({"default": {"statusCode": status}}).errors == ["GL303"]


@pytest.mark.parametrize(
    "pattern", ["5\\d{2}", "\\[45\\]\\d{2}", ".*4\\d{2}.*", "200", "INT.*", "[4-5&&[^4]]\\d{2}", "4\\d++"]
)
def test_patterns_of_real_definitions_are_taken(pattern: str) -> None:
    assert responses({pattern: {"statusCode": 200}}).codes == []


def test_a_pattern_that_cannot_be_compiled_is_a_warning() -> None:
    result = responses({"(": {"statusCode": 200}})
    assert (result.codes, result.errors) == (["GL339"], [])


def test_an_entry_that_is_no_mapping_is_refused() -> None:
    assert responses({"default": "200"}).errors == ["GL303"]
