"""Target groups of one forward."""

from __future__ import annotations

import pytest

from .conftest import LoadProject, said


def forward(first: str, second: str) -> str:
    return f"""
apis: {{a: {{definition: api.json}}}}
load_balancers:
  public:
    scheme: internet-facing
    listeners:
      - protocol: HTTP
        port: 80
        default_actions: [{{type: forward, target_groups: [{{name: one}}, {{name: two}}]}}]
target_groups:
  one: {first}
  two: {second}
"""


@pytest.mark.parametrize(
    ("first", "second", "codes"),
    [
        ("{}", "{}", []),
        ("{protocol_version: GRPC}", "{protocol_version: GRPC}", []),
        ("{protocol_version: HTTP2}", "{protocol_version: GRPC}", ["GL266"]),
        ("{protocol_version: HTTP1}", "{protocol_version: HTTP2}", ["GL266"]),
    ],
)
def test_groups_that_share_a_forward_speak_the_same(
    load_project: LoadProject, first: str, second: str, codes: list[str]
) -> None:
    loaded = load_project(forward(first, second))
    assert [line.split()[0] for line in said(loaded)] == codes
