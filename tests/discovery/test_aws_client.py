from __future__ import annotations

import sys

import pytest

from gateline.discovery.aws_client import make_client, silent
from gateline.errors import SourceSilent
from gateline.model.discovery import AwsPlace


def test_a_services_own_endpoint_comes_before_that_of_all_others() -> None:
    place = AwsPlace(
        region="eu-west-1", endpoints=(("", "http://127.0.0.1:1"), ("ecs", "http://127.0.0.1:2"))
    )
    for service, url in (("ecs", "http://127.0.0.1:2"), ("ec2", "http://127.0.0.1:1")):
        client = make_client(service, place)
        assert client.meta.endpoint_url == url
        client.close()


def test_without_boto3_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SourceSilent, match=r"pip install 'gateline\[aws\]'"):
        make_client("ecs", AwsPlace(region="eu-west-1"))


def test_the_words_of_a_fault_are_not_repeated() -> None:
    assert str(silent("ecs", ValueError("hunter2"))) == "AWS ecs does not answer: ValueError"
