"""Method ARNs."""

from __future__ import annotations

import pytest

from gateline.model.arn import method_arn


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("/", "GET/"),
        ("", "GET/"),
        ("/orders/7", "GET/orders/7"),
        ("/orders/", "GET/orders"),
        ("/a//b", "GET/a//b"),
        ("/a//", "GET/a/"),
        ("/a%2Fb", "GET/a%2Fb"),
    ],
)
def test_the_path_is_the_requests_own_without_the_slashes_around_it(path: str, end: str) -> None:
    arn = method_arn(account="1", region="eu-west-1", api="a1", stage="prod", verb="GET", path=path)
    assert arn == f"arn:aws:execute-api:eu-west-1:1:a1/prod/{end}"


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-west-1", "aws")]
)
def test_the_region_names_the_partition(region: str, partition: str) -> None:
    arn = method_arn(account="1", region=region, api="a1", stage="prod", verb="GET", path="/")
    assert arn.split(":")[1] == partition
