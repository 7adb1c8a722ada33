from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from gateline.host.configuration import ConfigurationInvalid
from gateline.host.directory import Directory, invoked_arn
from gateline.model.hosting import HostConfiguration, HostedStage
from host.questions import authorizer, configuration


def test_authorizers_and_methods_are_found_in_their_stage_only() -> None:
    directory = Directory(configuration(authorizer()))
    entry = directory.authorizer("shop/prod", "tokens")
    assert entry is not None
    assert (entry.name, entry.beginning) == ("shop/prod/tokens", b"9:shop/prod6:tokens")
    assert directory.authorizer("shop/dev", "tokens") is None
    assert directory.method("shop/prod", "rev1", "shop/prod GET /orders") is not None
    assert directory.method("shop/dev", "rev1", "shop/prod GET /orders") is None


def test_a_request_whose_revision_is_forgotten_goes_by_the_newest_if_its_method_is_the_same() -> None:
    (former,) = configuration().stages
    (method,) = former.methods
    newest = replace(former, revision="rev2")
    changed = replace(newest, methods=(replace(method, function="other"),))

    def standing(*known: HostedStage) -> str:
        return Directory(HostConfiguration(stages=known)).standing(former, method).revision

    assert standing(newest, former) == standing(former) == "rev1"
    assert standing(newest, replace(former, revision="rev0")) == "rev2"
    assert standing(changed) == standing(replace(newest, methods=())) == standing() == "rev1"


def test_an_expression_that_cannot_be_read_is_refused_with_its_authorizer() -> None:
    with pytest.raises(ConfigurationInvalid, match="shop/prod/tokens"):
        Directory(configuration(authorizer(validation="(")))


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_arn_is_of_the_regions_partition(region: str, partition: str) -> None:
    (stage,) = configuration().stages
    arn = invoked_arn(replace(stage, region=region), "orders:live")
    assert arn == f"arn:{partition}:lambda:{region}:123456789012:function:orders:live"


def test_the_library_of_expressions_is_loaded_only_for_an_expression() -> None:
    code = "import sys, gateline.host.service; print('regex' in sys.modules)"
    asked = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert asked.stdout == "False\n"
