"""What Envoy answers by itself, in Amazon's words; over real HTTP in tests/end_to_end/test_responses.py."""

from __future__ import annotations

from typing import Any

from compile.gateways import api, gateway, method
from gateline.compile import names
from gateline.compile.local_reply import local_reply
from gateline.compile.wire import new, to_dict


def mappers() -> list[dict[str, Any]]:
    """The mappers in their order."""
    reply: Any = local_reply(gateway(api(method("GET", "/a"))))
    return list(reply["mappers"])


def by_flag(flag: str) -> dict[str, Any]:
    """The mapper of a response flag."""
    [found] = [m for m in mappers() if flag in m["filter"].get("response_flag_filter", {}).get("flags", [])]
    return found


def test_the_scripts_own_answers_stay_as_they_are() -> None:
    first = mappers()[0]
    assert set(first) == {"filter"}
    assert "metadata_filter" in first["filter"]


def test_a_flag_decides_at_most_once() -> None:
    flags = [f for m in mappers() for f in m["filter"].get("response_flag_filter", {}).get("flags", [])]
    assert len(flags) == len(set(flags))


def test_timeouts_and_network_errors_are_told_apart() -> None:
    def words(flag: str) -> tuple[int, str]:
        found = by_flag(flag)
        return (
            found["status_code"]["value"],
            found["body_format_override"]["text_format_source"]["inline_string"],
        )

    assert words("UT") == (504, '{"message": "Endpoint request timed out"}')
    assert words("UF") == (504, '{"message": "Network error communicating with endpoint"}')
    assert words("UH") == (500, '{"message": "Internal server error"}')
    assert words("NR") == (403, '{"message":"Forbidden"}')


def test_a_balancer_answers_for_its_targets_with_its_own_pages_before_the_gateway_does() -> None:
    pages = [m for m in mappers() if "and_filter" in m["filter"]]
    assert [page["status_code"]["value"] for page in pages] == [503, 504, 502]
    assert mappers().index(pages[-1]) < mappers().index(by_flag("UF")) < mappers().index(by_flag("UH"))
    told = [
        str(to_dict(new("envoy.config.accesslog.v3.AccessLogFilter", **page["filter"]))) for page in pages
    ]
    assert all("BEHIND" in each.replace(names.BEHIND_API, "BEHIND") for each in told)
    assert ["connection_timeout" in each for each in told] == [False, True, False]


def test_every_answer_of_ours_has_its_ids_and_its_error_type() -> None:
    for mapper in mappers():
        if "headers_to_add" in mapper:
            names = {h["header"]["key"] for h in mapper["headers_to_add"]}
            its_own = "x-amzn-remapped-server" if "and_filter" in mapper["filter"] else "x-amzn-errortype"
            assert names == {"x-amzn-requestid", "x-amz-apigw-id", its_own}
