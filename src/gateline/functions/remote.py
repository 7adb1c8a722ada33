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
from contextlib import suppress
from typing import Any, Final

import httpx2

from gateline.functions.answer import Answer, Failed, Fault, Returned
from gateline.functions.error_object import is_error_object, raised
from gateline.functions.in_turn import InTurn
from gateline.functions.places import Places
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
    "ReadTimeoutError": Fault.TIMEOUT,
}
_KEPT_SECONDS: Final = 2.0  # of an idle connection: less than servers wait (uvicorn and Node.js: 5)
_SHOWN: Final = 500  # characters of a strange answer that the operator sees


class _Turns:
    """Lets `most` through at a time; sources that wait come in turn."""

    def __init__(self, most: int, patience: float) -> None:
        self._most = most
        self._free = most
        self._patience = patience  # seconds
        self._waiting = InTurn[asyncio.Future[None]]()
        self._places = Places(MOST_WAITING)
        self._all_free = asyncio.Event()

    async def take(self, event: bytes, source: str) -> Failed | None:
        """Wait for an event's turn, which must be given back; or the reason why there is none."""
        if len(event) > LARGEST_PAYLOAD:
            text = f"an event of {len(event)} bytes; {LARGEST_PAYLOAD} are allowed"
            return Failed(Fault.TOO_LARGE, text)
        if self._free:
            self._free -= 1
            return None
        if not self._places.take(source):
            return Failed(Fault.BUSY, f"{len(self._waiting)} events are waiting already")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(source, turn)
        try:
            async with asyncio.timeout(self._patience):
                await turn
        except TimeoutError:
            if turn.done() and not turn.cancelled():
                return None  # it came in the same moment
            return Failed(Fault.BUSY, f"no turn within {self._patience:g} seconds")
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()
            raise
        finally:
            self._waiting.remove(source, turn)
            self._places.leave(source)
        return None

    def give_back(self) -> None:
        """A turn is over."""
        while self._waiting:
            turn = self._waiting.take()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
        if self._free == self._most:
            self._all_free.set()

    async def drain(self) -> None:
        """Wait until all are over; there will be no more."""
        while self._free < self._most:
            self._all_free.clear()
            await self._all_free.wait()


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
            limits=httpx2.Limits(
                max_connections=function.maximum,
                keepalive_expiry=_KEPT_SECONDS,
            ),
            headers={"User-Agent": "gateline", "Accept-Encoding": "identity"},
        )

    def start(self) -> None:
        """Nothing is to be made ready: the first event makes the first connection."""

    async def invoke(self, event: bytes, *, request_id: str, invoked_arn: str, source: str = "") -> Answer:
        """Post the event. The other side knows by which name it is called: `invoked_arn` is not said."""
        del invoked_arn
        if (refusal := await self._turns.take(event, source)) is not None:
            return refusal
        try:
            async with asyncio.timeout(self._seconds):
                answer = self._judge(*await self._post(event, request_id))
        except TimeoutError:
            answer = _timed_out(self._seconds)
        except (httpx2.HTTPError, OSError) as problem:
            text = f"{self._url.netloc.decode()} does not answer: {str(problem) or type(problem).__name__}"
            answer = Failed(Fault.UNREACHABLE, text)
        finally:
            self._turns.give_back()
        if isinstance(answer, Failed):
            self._tell(Trouble(self._function.name, request_id, answer.detail))
        return answer

    async def close(self) -> None:
        """Wait for what runs, then close the connections."""
        try:
            await self._turns.drain()
        finally:
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
            return _too_long()
        # The interface emulator in Amazon's images says no X-Amz-Function-Error: there the body has to tell.
        if "X-Amz-Function-Error" in headers or (status == 200 and is_error_object(body)):
            return raised(body)
        if status == 200:
            return Returned(body)
        text = f"{self._url.host} answered with status {status}: {body[:_SHOWN].decode(errors='replace')}"
        return Failed(Fault.UNREACHABLE, text)


class ArnRunner:
    """A function at Amazon, called by its ARN with the host's own credentials.

    boto3 (the extra `gateline[aws]`) finds them, and the endpoint, as it always does: AWS_ENDPOINT_URL_LAMBDA
    and AWS_ENDPOINT_URL name a stand-in. It blocks, so each call has a thread; none of them keeps the host
    from ending.
    """

    def __init__(self, function: Function, tell: Tell) -> None:
        self._function = function
        self._tell = tell
        self._seconds = function.timeout.total_seconds()
        self._turns = _Turns(function.maximum, self._seconds)
        self._loop = asyncio.get_running_loop()
        self._client: Any = None
        self._making = threading.Lock()

    def start(self) -> None:
        """Tell at once when boto3 is not there."""
        if importlib.util.find_spec("boto3") is None:
            self._tell(Trouble(self._function.name, "", NO_BOTO3))

    async def invoke(self, event: bytes, *, request_id: str, invoked_arn: str, source: str = "") -> Answer:
        """Call Invoke. What runs on in its thread after a time-out keeps its turn until it ends."""
        del invoked_arn
        if (refusal := await self._turns.take(event, source)) is not None:
            return refusal
        call: asyncio.Future[Answer] = self._loop.create_future()
        threading.Thread(target=self._run, args=(event, call), daemon=True).start()
        try:
            async with asyncio.timeout(self._seconds):
                answer = await call
        except TimeoutError:
            answer = _timed_out(self._seconds)
        if isinstance(answer, Failed):
            self._tell(Trouble(self._function.name, request_id, answer.detail))
        return answer

    async def close(self) -> None:
        """Wait for what runs, then close the connections."""
        try:
            await self._turns.drain()
        finally:
            if self._client is not None:
                self._client.close()

    def _run(self, event: bytes, call: asyncio.Future[Answer]) -> None:
        answer = self._call(event)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._finish, call, answer)

    def _finish(self, call: asyncio.Future[Answer], answer: Answer) -> None:
        self._turns.give_back()
        if not call.done():
            call.set_result(answer)

    def _call(self, event: bytes) -> Answer:
        try:
            found = self._made_client().invoke(FunctionName=self._function.arn, Payload=event)
            payload = found["Payload"].read(LARGEST_PAYLOAD + 1)
            found["Payload"].close()
        except ImportError:
            return Failed(Fault.NOT_STARTED, NO_BOTO3)
        except Exception as problem:  # noqa: BLE001 - boto3's are of many trees: profiles, endpoints, sockets
            response = getattr(problem, "response", {})  # of a ClientError: what Lambda answered
            code = response.get("Error", {}).get("Code") or type(problem).__name__
            return Failed(_FAULTS.get(code, Fault.UNREACHABLE), f"{self._function.arn}: {problem}")
        if len(payload) > LARGEST_PAYLOAD:
            return _too_long()
        return raised(payload) if found.get("FunctionError") else Returned(payload)

    def _made_client(self) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
        with self._making:  # boto3 makes clients in one thread at a time; one made serves all
            if self._client is None:
                boto3 = importlib.import_module("boto3")
                config = importlib.import_module("botocore.config").Config(
                    connect_timeout=self._seconds,
                    read_timeout=self._seconds,
                    retries={"total_max_attempts": 1},  # whoever asks again is the client
                    max_pool_connections=self._function.maximum,
                )
                region = self._function.arn.split(":")[3]
                self._client = boto3.Session(region_name=region).client("lambda", config=config)
            return self._client


def _timed_out(seconds: float) -> Failed:
    return Failed(Fault.TIMEOUT, f"Task timed out after {seconds:.2f} seconds")  # Lambda's words


def _too_long() -> Failed:
    return Failed(Fault.TOO_LARGE, f"the answer is longer than {LARGEST_PAYLOAD} bytes")
