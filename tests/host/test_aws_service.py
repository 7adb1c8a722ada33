from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from gateline.host import aws_service
from gateline.host.aws_service import NO_BOTO3, AwsServices
from gateline.integrations.outgoing import BackendAnswer, Refusal, ServiceCall
from harness.fake_aws import fake_aws
from host.egress_peer import listening

CALL = ServiceCall(
    service="sqs", region="eu-west-1", subdomain="", verb="POST", path="/", query="", headers=(), body=b""
)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="module")
def amazon() -> Iterator[str]:
    with fake_aws() as url:
        yield url


def with_services(
    environ: dict[str, str], story: Callable[[AwsServices], Awaitable[None]], **endpoints: str
) -> None:
    async def play() -> None:
        services = AwsServices(environ)
        services.configure({name.replace("all_", ""): url for name, url in endpoints.items()})
        try:
            await story(services)
        finally:
            services.close()

    asyncio.run(play())


async def sent(services: AwsServices, call: ServiceCall = CALL, **changes: Any) -> BackendAnswer:
    return await services.send(replace(call, **changes), grow=lambda _: None)


def json_call(service: str, target: str, **body: object) -> ServiceCall:
    headers = (("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", target))
    return replace(CALL, service=service, headers=headers, body=json.dumps(body).encode())


def test_sqs_sns_dynamodb_step_functions_and_s3_take_what_is_sent(amazon: str) -> None:
    async def story(services: AwsServices) -> None:
        made = await sent(services, query="Action=CreateQueue&QueueName=orders", headers=FORM)
        assert made.status == 200
        posted = await sent(
            services,
            path="/123456789012/orders",
            headers=FORM,
            body=b"Action=SendMessage&MessageBody=hi+there",
        )
        assert (posted.status, b"<MessageId>" in posted.body) == (200, True)
        topic = await sent(services, service="sns", headers=FORM, body=b"Action=CreateTopic&Name=news")
        arn = b"arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Anews"
        assert topic.status == 200
        published = await sent(
            services, service="sns", headers=FORM, body=b"Action=Publish&Message=x&TopicArn=" + arn
        )
        assert (published.status, b"<MessageId>" in published.body) == (200, True)
        tables = await sent(services, json_call("dynamodb", "DynamoDB_20120810.ListTables"))
        assert json.loads(tables.body) == {"TableNames": []}
        missing = await sent(
            services, json_call("dynamodb", "DynamoDB_20120810.GetItem", TableName="no", Key={})
        )
        assert (missing.status, b"ResourceNotFoundException" in missing.body) == (400, True)
        machines = await sent(services, json_call("states", "AWSStepFunctions.ListStateMachines"))
        assert json.loads(machines.body) == {"stateMachines": []}
        made = await sent(services, service="s3", region="us-east-1", verb="PUT", path="/bucket")
        assert made.status == 200
        put = await sent(services, service="s3", verb="PUT", path="/bucket/a%20b/c", body=b"\x00data")
        assert put.status == 200
        found = await sent(services, service="s3", verb="GET", path="/a%20b/c", subdomain="bucket")
        assert (found.status, found.body) == (200, b"\x00data")
        assert (await sent(services, service="s3", verb="GET", path="/bucket/none")).status == 404

    with_services({"AWS_ENDPOINT_URL": amazon}, story)


def test_what_is_signed_is_what_is_sent() -> None:
    async def story() -> None:
        async with listening() as (peer, url):
            services = AwsServices({"AWS_ENDPOINT_URL": f"{url}/stand-in"})
            headers = (*FORM, ("X-Own", "a"), ("Authorization", "Basic forged"), ("Host", "evil.test"))
            await sent(services, path="/1/q%20q", query="b=2&a=%2F", headers=headers, body=b"hello")
            services.close()
        (head,), (body,) = peer.heads, peer.bodies
        request, *lines = head.decode().split("\r\n")[:-2]
        told = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        assert (request, body) == ("POST /stand-in/1/q%20q?b=2&a=%2F HTTP/1.1", b"hello")
        assert told["host"] == url.removeprefix("http://")
        assert told["x-amz-security-token"] == "token"
        assert told["authorization"] == authorization(told, body, service="sqs", region="eu-west-1")
        assert len(told) == len(lines)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("path", "query", "sent_as"),
    [
        ("/a%2Fb/c d", "", b"/a%2Fb/c%20d"),
        ("/a:b(c)+ü/%7e", "", b"/a%3Ab%28c%29%2B%C3%BC/~"),
        ("//", "", b"//"),
        ("/", "a=b+c&d&e=f:g=h", b"/?a=b%20c&d=&e=f%3Ag%3Dh"),
        ("/", "&uploads&", b"/?uploads="),
    ],
)
def test_paths_and_queries_are_encoded_as_signatures_want_them(path: str, query: str, sent_as: bytes) -> None:
    async def play() -> None:
        async with listening() as (peer, url):
            services = AwsServices({"AWS_ENDPOINT_URL": url})
            await sent(services, service="s3", path=path, query=query)
            services.close()
        assert peer.heads[0].split(b" ")[1] == sent_as

    asyncio.run(play())


def authorization(told: dict[str, str], body: bytes, *, service: str, region: str) -> str:
    """What the header must be, worked out as Amazon's documentation of Signature Version 4 says."""
    signed = told["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    lines = "".join(f"{name}:{told[name]}\n" for name in signed.split(";"))
    path = quote("/stand-in/1/q%20q")
    canonical = f"POST\n{path}\na=%2F&b=2\n{lines}\n{signed}\n{hashlib.sha256(body).hexdigest()}"
    day = told["x-amz-date"][:8]
    scope = f"{day}/{region}/{service}/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{told['x-amz-date']}\n{scope}\n{hashed}"
    key = f"AWS4{SECRET}".encode()
    for part in (day, region, service, "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    assert {"host", "x-amz-date", "x-amz-security-token"} <= set(signed.split(";"))
    return f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders={signed}, Signature={key.hex()}"


@pytest.mark.parametrize(
    ("service", "subdomain", "signed_as", "region", "host"),
    [
        ("sqs", "", "sqs", "eu-west-1", "sqs.eu-west-1.amazonaws.com"),
        ("states", "", "states", "eu-west-1", "states.eu-west-1.amazonaws.com"),
        ("iam", "", "iam", "us-east-1", "iam.amazonaws.com"),
        ("email", "", "ses", "eu-west-1", "email.eu-west-1.amazonaws.com"),
        ("sagemaker", "runtime", "sagemaker", "eu-west-1", "runtime.sagemaker.eu-west-1.amazonaws.com"),
        ("iot", "data", "iotdata", "eu-west-1", "data.iot.eu-west-1.amazonaws.com"),
        ("s3", "bucket", "s3", "eu-west-1", "bucket.s3.eu-west-1.amazonaws.com"),
    ],
)
def test_a_call_goes_to_amazon_under_the_services_own_name(
    monkeypatch: pytest.MonkeyPatch, service: str, subdomain: str, signed_as: str, region: str, host: str
) -> None:
    asked: list[tuple[str, int, bool]] = []

    async def connected(host: str, port: int, tls: object) -> tuple[Any, Any]:
        asked.append((host, port, tls is not None))
        raise ConnectionRefusedError

    monkeypatch.setattr(aws_service, "_connected", connected)

    async def story(services: AwsServices) -> None:
        call = replace(CALL, service=service, subdomain=subdomain)
        with pytest.raises(Refusal) as raised:
            await sent(services, call)
        assert raised.value.type == "INTEGRATION_FAILURE"
        assert asked == [(host, 443, True)]
        destination, headers = services._signed(call)
        assert (destination.signed_as, destination.region) == (signed_as, region)
        assert f"/{region}/{signed_as}/aws4_request" in dict(headers)["Authorization"]

    with_services({}, story)


@pytest.mark.parametrize(
    ("environ", "endpoints", "used"),
    [
        ({"AWS_ENDPOINT_URL": "URL"}, {}, True),
        ({"AWS_ENDPOINT_URL_SFN": "URL", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, {}, True),
        ({"AWS_ENDPOINT_URL_SQS": "URL", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, {}, False),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, {"all_": "URL"}, True),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, {"states": "URL", "all_": "http://127.0.0.1:1"}, True),
        ({"AWS_ENDPOINT_URL": "URL"}, {"all_": "http://127.0.0.1:1"}, False),
    ],
)
def test_an_endpoint_of_the_project_comes_before_the_environments(
    environ: dict[str, str], endpoints: dict[str, str], used: bool
) -> None:
    async def play() -> None:
        async with listening() as (peer, url):
            services = AwsServices({name: value.replace("URL", url) for name, value in environ.items()})
            services.configure(
                {name.replace("all_", ""): at.replace("URL", url) for name, at in endpoints.items()}
            )
            if used:
                assert (await sent(services, service="states")).body == b"ok"
            else:
                with pytest.raises(Refusal):
                    await sent(services, service="states")
            assert len(peer.heads) == used
            services.close()

    asyncio.run(play())


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "2852039166", "metadata.google.internal"])
def test_link_local_and_metadata_addresses_are_refused(host: str) -> None:
    async def story(services: AwsServices) -> None:
        with pytest.raises(Refusal) as raised:
            await sent(services)
        assert raised.value.type == "API_CONFIGURATION_ERROR"

    with_services({"AWS_ENDPOINT_URL": f"http://{host}"}, story)


def test_a_name_that_means_such_an_address_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(services: AwsServices) -> None:
        async def meaning(*_: object, **__: object) -> list[Any]:
            return [(0, 0, 0, "", ("169.254.169.254", 80))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", meaning)
        with pytest.raises(Refusal, match=r"link-local|metadata") as raised:
            await sent(services)
        assert raised.value.type == "API_CONFIGURATION_ERROR"

    with_services({"AWS_ENDPOINT_URL": "http://rebound.test"}, story)


def test_redirects_are_answers() -> None:
    async def play() -> None:
        moved = b"HTTP/1.1 307 Away\r\nLocation: http://elsewhere.test/\r\nContent-Length: 0\r\n\r\n"
        async with listening(moved) as (peer, url):
            services = AwsServices({"AWS_ENDPOINT_URL": url})
            assert (await sent(services)).status == 307
            assert len(peer.heads) == 1
            services.close()

    asyncio.run(play())


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")

    async def play() -> None:
        async with listening() as (peer, url):
            services = AwsServices({"AWS_ENDPOINT_URL": url})
            with pytest.raises(Refusal, match="NoCredentialsError") as raised:
                await sent(services)
            assert (raised.value.type, peer.heads) == ("API_CONFIGURATION_ERROR", [])
            services.close()

    asyncio.run(play())


def test_without_botocore_the_operator_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_service, "can_sign", lambda: False)

    async def story(services: AwsServices) -> None:
        with pytest.raises(Refusal, match="pip install") as raised:
            await sent(services)
        assert (raised.value.type, raised.value.reason) == ("API_CONFIGURATION_ERROR", NO_BOTO3)

    with_services({}, story)
