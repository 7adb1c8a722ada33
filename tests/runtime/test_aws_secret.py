from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin
from gateline.model.secret import SecretSource, SecretSourceKind
from gateline.runtime.aws_secret import read_from_aws
from harness.fake_aws import fake_aws

REGION = "eu-west-1"
VALUE = "hunter2-from-amazon"


@pytest.fixture(scope="module")
def amazon() -> Iterator[str]:
    with fake_aws() as url:
        yield url


@pytest.fixture
def manager(amazon: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", amazon)
    client = importlib.import_module("boto3").client("secretsmanager", region_name=REGION)
    yield client
    client.close()


def read(arn: str) -> tuple[bytes | None, list[str]]:
    source = SecretSource(name="Header", kind=SecretSourceKind.AWS, place=arn, origin=Origin("gateline.yaml"))
    complaints = Complaints()
    found = read_from_aws(source, complaints)
    return found, [f"{each.code.name} {each.message}" for each in complaints.report().diagnostics]


def test_the_current_value_is_read_and_not_one_that_is_pending_or_previous(manager: Any) -> None:
    arn = manager.create_secret(Name="rotated", SecretString="first")["ARN"]
    manager.put_secret_value(SecretId=arn, SecretString="pending", VersionStages=["AWSPENDING"])
    assert read(arn) == (b"first", [])
    manager.put_secret_value(SecretId=arn, SecretString="second")
    assert read(arn) == (b"second", [])


def test_a_value_of_bytes_is_read(manager: Any) -> None:
    arn = manager.create_secret(Name="binary", SecretBinary=b"by\xfftes")["ARN"]
    assert read(arn) == (b"by\xfftes", [])


def test_a_secret_that_is_missing_or_deleted_is_told_by_amazons_reason_alone(manager: Any) -> None:
    missing = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:none-a1b2c3"
    told = f"GL294 secret 'Header': AWS Secrets Manager does not give {missing}: ResourceNotFoundException"
    assert read(missing) == (None, [told])
    arn = manager.create_secret(Name="deleted", SecretString=VALUE)["ARN"]
    manager.delete_secret(SecretId=arn)
    found, messages = read(arn)
    assert found is None
    assert messages == [
        f"GL294 secret 'Header': AWS Secrets Manager does not give {arn}: InvalidRequestException"
    ]
    assert VALUE not in json.dumps(messages)


def test_a_service_that_is_not_there_is_told(manager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = manager.create_secret(Name="unreachable", SecretString=VALUE)["ARN"]
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1")
    found, messages = read(arn)
    assert found is None
    assert messages == [
        f"GL294 secret 'Header': AWS Secrets Manager does not give {arn}: EndpointConnectionError"
    ]


def test_without_boto3_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    found, [message] = read(f"arn:aws:secretsmanager:{REGION}:123456789012:secret:x-a1b2c3")
    assert found is None
    assert message.startswith("GL293 secret 'Header' is kept by AWS Secrets Manager, and boto3")
