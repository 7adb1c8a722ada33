"""AWS services behind `aws` integrations: calls are signed and sent to Amazon, or to what stands in for it.

Signed with Signature Version 4 and the host's own credentials, found as boto3 always finds them; the role that an
integration's `credentials` name is not assumed. botocore (the extra `gateline[aws]`) signs, and knows where services
are.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from gateline.host.connection import Grow, Pool, head
from gateline.integrations.outgoing import BackendAnswer, ServiceCall, configuration_error
from gateline.model.address import forbidden_reason

NO_BOTO3: Final = "an integration with an AWS service needs boto3: pip install 'gateline[aws]'"

_KEPT_SECONDS: Final = 2.0  # of an idle connection: less than servers wait
_SIGNED_AS: Final = {"email": "ses", "bedrock-runtime": "bedrock"}
"""Services whose signatures say another name than their host does, and of which botocore's table says nothing."""

_OWN_VARIABLES: Final = {
    "email": "SES",
    "events": "EVENTBRIDGE",
    "logs": "CLOUDWATCH_LOGS",
    "monitoring": "CLOUDWATCH",
    "states": "SFN",
}
"""How AWS_ENDPOINT_URL_... names services whose hosts are named otherwise."""

_ADDED: Final = ("X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256", "Authorization")


def can_sign() -> bool:
    """Whether botocore is there."""
    return importlib.util.find_spec("botocore") is not None


@dataclass(frozen=True, slots=True)
class _Destination:
    is_tls: bool
    host: str
    port: int
    authority: str
    path: str  # what stands in front of the call's own
    signed_as: str
    region: str


class AwsServices:
    """Sends calls to AWS services.

    `environ` is this process's: `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_SERVICE` count as for Amazon's own tools.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._endpoints: Mapping[str, str] = {}
        self._pools: dict[tuple[bool, str, int], Pool] = {}
        # One: botocore looks for credentials in one thread at a time.
        self._signing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="signing")

    def configure(self, endpoints: Mapping[str, str]) -> None:
        """Send calls to these from now on: service, "" for all → URL. They count before the environment's."""
        self._endpoints = endpoints

    async def send(self, call: ServiceCall, *, grow: Grow) -> BackendAnswer:
        """Sign a call, send it, and wait for the answer. Redirects are answers.

        Args:
            call: what to say.
            grow: told the size of the answer's body as it comes.

        Raises:
            Refusal: there is no answer of the service's; the client gets this gateway response.

        """
        if not can_sign():
            raise configuration_error(NO_BOTO3)
        call = replace(call, path=_strict_path(call.path), query=_strict_query(call.query))
        # In a thread: credentials may come from a file, a program or a metadata service.
        loop = asyncio.get_running_loop()
        destination, headers = await loop.run_in_executor(self._signing, self._signed, call)
        target = f"{destination.path}{call.path}" + (f"?{call.query}" if call.query else "")
        said = head(call.verb, target, headers, call.body)
        return await self._pool(destination).exchange(said, call.body, grow)

    def close(self) -> None:
        """Close what is idle."""
        self._signing.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools.values():
            pool.close()

    def _pool(self, to: _Destination) -> Pool:
        key = (to.is_tls, to.host, to.port)
        if key not in self._pools:
            tls = self._tls if to.is_tls else None
            self._pools[key] = Pool(lambda: _connected(to.host, to.port, tls), kept_seconds=_KEPT_SECONDS)
        return self._pools[key]

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._environ.get("AWS_CA_BUNDLE"))

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401 - botocore has no types
        return importlib.import_module("botocore.session").Session()

    @cached_property
    def _known(self) -> Any:  # noqa: ANN401
        """Amazon's own table of services, regions and the names that they have in signatures."""
        table = self._session.get_data("endpoints")
        return importlib.import_module("botocore.regions").EndpointResolver(table)

    def _signed(self, call: ServiceCall) -> tuple[_Destination, list[tuple[str, str]]]:
        """Where a call goes, and all its headers but those that frame its body."""
        destination = self._destination(call)
        scheme = "https" if destination.is_tls else "http"
        url = f"{scheme}://{destination.authority}{destination.path}{call.path}"
        request = importlib.import_module("botocore.awsrequest").AWSRequest(
            method=call.verb, url=f"{url}?{call.query}" if call.query else url, data=call.body
        )
        sent = [(name, value) for name, value in call.headers if name.lower() not in _GATEWAYS]
        for name, value in (("Host", destination.authority), *sent):
            request.headers.add_header(name, value)
        try:
            credentials = self._session.get_credentials()
            auth = importlib.import_module("botocore.auth")
            kind = auth.S3SigV4Auth if destination.signed_as == "s3" else auth.SigV4Auth
            kind(credentials, destination.signed_as, destination.region).add_auth(request)
        except Exception as error:  # noqa: BLE001 - botocore's are of many trees: profiles, files, sockets
            # Its words may hold a part of the credentials.
            raise configuration_error(f"the call cannot be signed: {type(error).__name__}") from None
        added = [(name, request.headers[name]) for name in _ADDED if name in request.headers]
        return destination, [("Host", destination.authority), *sent, *added]

    def _destination(self, call: ServiceCall) -> _Destination:
        named = f"{call.subdomain}.{call.service}" if call.subdomain else call.service
        found = self._known.construct_endpoint(named, call.region)
        if found is None:
            raise configuration_error(f"botocore knows no endpoint of {call.service} in {call.region}")
        scope = found.get("credentialScope", {})
        endpoint = self._endpoint(call.service)
        url = urlsplit(endpoint or f"https://{found['hostname']}")
        prefix = url.path.rstrip("/")
        if endpoint and call.subdomain and call.service == "s3":
            prefix += f"/{call.subdomain}"  # a bucket; what stands in for Amazon has one name for all
        is_tls = url.scheme == "https"
        host = url.hostname or ""
        if reason := forbidden_reason(host):
            raise configuration_error(f"{host} is {reason}")
        return _Destination(
            is_tls=is_tls,
            host=host,
            port=url.port or (443 if is_tls else 80),
            authority=url.netloc.rpartition("@")[2],
            path=prefix,
            signed_as=scope.get("service") or _SIGNED_AS.get(call.service, call.service),
            region=scope.get("region", call.region),
        )

    def _endpoint(self, service: str) -> str:
        """Where a service is reached instead of at Amazon; "" for Amazon."""
        if service in self._endpoints or "" in self._endpoints:
            return self._endpoints.get(service) or self._endpoints.get("", "")
        if self._environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
            return ""
        plain = service.upper().replace("-", "_").replace(".", "_")
        names = (f"AWS_ENDPOINT_URL_{_OWN_VARIABLES.get(service, plain)}", "AWS_ENDPOINT_URL")
        return next((url for name in names if (url := self._environ.get(name))), "")


_GATEWAYS: Final = frozenset(("host", *(name.lower() for name in _ADDED)))
"""Headers that the gateway says itself, whatever the definition maps."""


def _strict(text: str) -> str:
    """Percent-encoded as a signature needs it: services encode anew what they have decoded, and sign that."""
    return quote(unquote_to_bytes(text), safe="-_.~")


def _strict_path(path: str) -> str:
    return "/".join(map(_strict, path.split("/")))


def _strict_query(query: str) -> str:
    """A name without a value gets an empty one."""
    pairs = (part.replace("+", "%20").partition("=") for part in query.split("&") if part)
    return "&".join(f"{_strict(name)}={_strict(value)}" for name, _, value in pairs)


async def _connected(
    host: str, port: int, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to an address that was looked at: a name may come to mean another one."""
    problem: OSError = OSError("no address")
    for *_, place in await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = str(place[0])
        if reason := forbidden_reason(address):
            raise configuration_error(f"{host} is {reason}")
        try:
            return await asyncio.open_connection(
                address, port, ssl=tls, server_hostname=host if tls else None
            )
        except OSError as error:
            problem = error
    raise problem
