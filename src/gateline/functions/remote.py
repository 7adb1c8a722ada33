"""Functions that run elsewhere: behind a URL that takes Lambda's Invoke, or at Amazon (or what stands in for it).

Each takes at most `maximum` events at a time. An event that finds them all taken waits, at most as long as the
function may take; when `MOST_WAITING` wait already, it is turned away at once.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import ssl
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx2

from gateline.functions.answer import Answer, Failed, Fault, Returned
from gateline.functions.error_object import is_error_object, raised
from gateline.functions.pool import LARGEST_PAYLOAD
from gateline.functions.runtime_api import trace_id
from gateline.functions.speech import Tell, Trouble
from gateline.model.function import Function

INVOKE_PATH: Final = "/2015-03-31/functions/function/invocations"
"""Where Amazon's base images and its interface emulator take events; for a url that has no path of its own."""

MOST_WAITING: Final = 100
NO_BOTO3: Final = "a function with an arn needs boto3: pip install 'gateline[aws]'"
_FAULTS: Final = {
    "ResourceNotFoundException": Fault.UNKNOWN,
    "TooManyRequestsException": Fault.BUSY,
    "RequestTooLargeException": Fault.TOO_LARGE,
}
_SHOWN: Final = 500  # characters of a strange answer that the operator sees


class _Turns:
    """Lets `most` through at a time."""

    def __init__(self, most: int, patience: float) -> None:
        self._free = asyncio.Semaphore(most)
        self._patience = patience  # seconds
        self._waiting = 0

    async def take(self) -> Failed | None:
        """Wait for a turn, which must be given back; or the reason why there is none."""
        if self._waiting >= MOST_WAITING:
            return Failed(Fault.BUSY, f"{self._waiting} events are waiting already")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            return Failed(Fault.BUSY, f"no turn within {self._patience:g} seconds")
        finally:
            self._waiting -= 1
        return None

    def give_back(self) -> None:
        """A turn is over."""
        self._free.release()


class UrlRunner:
    """A function behind a URL: POST of the event, as to Lambda's Invoke.

    Redirects are not followed, proxies of the environment not used; connections are kept.
    """

    def __init__(self, function: Function, tell: Tell) -> None:
        self._function = function
        self._tell = tell
        self._seconds = function.timeout.total_seconds()
        self._turns = _Turns(function.maximum, self._seconds)
        url = httpx2.URL(function.url)
        self._url = url if url.path.strip("/") else url.copy_with(path=INVOKE_PATH)
        self._client = httpx2.AsyncClient(
            verify=ssl.create_default_context(),  # the machine's own authorities: private ones too
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # the whole call has one limit: the function's
            limits=httpx2.Limits(max_connections=function.maximum),
        )

    def start(self) -> None:
        """Nothing is to be made ready: the first event makes the first connection."""

    async def invoke(self, event: bytes, *, request_id: str, invoked_arn: str) -> Answer:
        """Post the event. The other side knows by which name it is called: `invoked_arn` is not said."""
        del invoked_arn
        if (refusal := await self._turns.take()) is not None:
            return refusal
        try:
            async with asyncio.timeout(self._seconds):
                return self._judge(*await self._post(event, request_id))
        except TimeoutError:
            return self._trouble(request_id, Fault.TIMEOUT, f"no answer within {self._seconds:g} seconds")
        except (httpx2.HTTPError, OSError) as problem:
            text = f"{self._url.host} does not answer: {str(problem) or type(problem).__name__}"
            return self._trouble(request_id, Fault.UNREACHABLE, text)
        finally:
            self._turns.give_back()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(self, event: bytes, request_id: str) -> tuple[int, Mapping[str, str], bytes]:
        headers = {
            "Content-Type": "application/json",
            "X-Amz-Invocation-Type": "RequestResponse",
            "X-Amzn-RequestId": request_id,
            "X-Amzn-Trace-Id": trace_id(request_id),
        }
        body = bytearray()
        async with self._client.stream("POST", self._url, content=event, headers=headers) as response:
            async for part in response.aiter_bytes():
                body += part
                if len(body) > LARGEST_PAYLOAD:
                    break  # leaving the block closes the connection
            return response.status_code, response.headers, bytes(body)

    def _judge(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        if len(body) > LARGEST_PAYLOAD:
            return Failed(Fault.TOO_LARGE, f"the answer is longer than {LARGEST_PAYLOAD} bytes")
        # The interface emulator in Amazon's images says no X-Amz-Function-Error: there the body has to tell.
        if "X-Amz-Function-Error" in headers or (status == 200 and is_error_object(body)):
            return raised(body)
        if status == 200:
            return Returned(body)
        text = f"{self._url.host} answered with status {status}: {body[:_SHOWN].decode(errors='replace')}"
        return Failed(Fault.UNREACHABLE, text)

    def _trouble(self, request_id: str, fault: Fault, text: str) -> Failed:
        self._tell(Trouble(self._function.name, request_id, text))
        return Failed(fault, text)


class ArnRunner:
    """A function at Amazon, called by its ARN with the host's own credentials.

    boto3 (the extra `gateline[aws]`) finds them, and the endpoint, as it always does: AWS_ENDPOINT_URL_LAMBDA
    and AWS_ENDPOINT_URL name a stand-in. It blocks, so it works in threads, `maximum` of them.
    """

    def __init__(self, function: Function, tell: Tell) -> None:
        self._function = function
        self._tell = tell
        self._seconds = function.timeout.total_seconds()
        self._turns = _Turns(function.maximum, self._seconds)
        self._threads = ThreadPoolExecutor(function.maximum, thread_name_prefix="gateline-arn")
        self._client: Any = None
        self._making = threading.Lock()

    def start(self) -> None:
        """Tell at once when boto3 is not there."""
        if importlib.util.find_spec("boto3") is None:
            self._tell(Trouble(self._function.name, "", NO_BOTO3))

    async def invoke(self, event: bytes, *, request_id: str, invoked_arn: str) -> Answer:
        """Call Invoke. What runs on in a thread after a time-out keeps its turn until it ends."""
        del invoked_arn
        if (refusal := await self._turns.take()) is not None:
            return refusal
        call = asyncio.get_running_loop().run_in_executor(self._threads, self._call, event)
        call.add_done_callback(self._finished)
        try:
            async with asyncio.timeout(self._seconds):
                answer = await asyncio.shield(call)
        except TimeoutError:
            answer = Failed(Fault.TIMEOUT, f"no answer within {self._seconds:g} seconds")
        if isinstance(answer, Failed):
            self._tell(Trouble(self._function.name, request_id, answer.detail))
        return answer

    async def close(self) -> None:
        """Take no more; a call that still runs ends by its own time-out."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    def _finished(self, call: asyncio.Future[Answer]) -> None:
        self._turns.give_back()
        if not call.cancelled():
            call.exception()  # it was looked at, whether somebody still waits or not

    def _call(self, event: bytes) -> Answer:
        try:
            exceptions = importlib.import_module("botocore.exceptions")
            client = self._made_client()
        except ImportError:
            return Failed(Fault.NOT_STARTED, NO_BOTO3)
        except Exception as problem:  # noqa: BLE001 - profiles, regions, endpoints: each has its own exception
            return Failed(Fault.UNREACHABLE, f"boto3 makes no client: {problem}")
        try:
            found = client.invoke(FunctionName=self._function.arn, Payload=event)
            payload = found["Payload"].read(LARGEST_PAYLOAD + 1)
        except exceptions.ClientError as problem:
            code = problem.response.get("Error", {}).get("Code", "")
            return Failed(_FAULTS.get(code, Fault.UNREACHABLE), str(problem))
        except exceptions.ReadTimeoutError as problem:
            return Failed(Fault.TIMEOUT, str(problem))
        except exceptions.BotoCoreError as problem:
            return Failed(Fault.UNREACHABLE, str(problem))
        if len(payload) > LARGEST_PAYLOAD:
            return Failed(Fault.TOO_LARGE, f"the answer is longer than {LARGEST_PAYLOAD} bytes")
        return raised(payload) if found.get("FunctionError") else Returned(payload)

    def _made_client(self) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
        with self._making:  # boto3 makes clients in one thread at a time; one made serves all
            if self._client is None:
                config = importlib.import_module("botocore.config").Config(
                    connect_timeout=self._seconds,
                    read_timeout=self._seconds,
                    retries={"total_max_attempts": 1},  # whoever asks again is the client
                    max_pool_connections=self._function.maximum,
                )
                region = self._function.arn.split(":")[3]
                session = importlib.import_module("boto3").Session(region_name=region)
                self._client = session.client("lambda", config=config)
            return self._client
