"""The process that runs a Python function. Standard library only, Python 3.8 and later, nothing of Gateline's.

    python worker.py CHANNEL TIMEOUT-MS CODE HANDLER LAYER...

CHANNEL is the descriptor of a socket. Both ways go frames: four bytes of length, then so many bytes.

    to the worker    sequence (4 bytes), lengths of request id and ARN (2 bytes each), request id, ARN, event
    to the gateway   sequence (4 bytes), kind (1 byte), JSON
                     kinds: K ready, I not started (an error), R returned, E raised (an error), L too large

The words of errors, the context and the log lines are those of Amazon's `awslambdaric`.
"""

from __future__ import annotations

import sys

_HERE = __file__.rpartition("/")[0]
sys.path[:] = [path for path in sys.path if path != _HERE]  # or a function could import Gateline's own files

import contextlib  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import struct  # noqa: E402
import time  # noqa: E402
import traceback  # noqa: E402

TYPE_CHECKING = False  # `typing` itself takes longer to import than all of this to run
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LARGEST_PAYLOAD = 6_291_556
_READ = 64 * 1024  # more would be mapped from the kernel for each event, and given back
_HEAD = struct.Struct("!IIHH")
_ANSWER = struct.Struct("!IIc")
_LINE = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"


class Channel:
    """The gateway's socket. A process that the function forks has none, and ends instead of answering."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_ours = True
        self._rest = bytearray()
        os.set_inheritable(descriptor, False)
        os.register_at_fork(after_in_child=self._forsake)

    def _forsake(self) -> None:
        self._is_ours = False
        os.close(self._descriptor)

    def receive(self) -> tuple[int, str, str, bytes]:
        """The next event with its sequence number, request id and ARN; ends the process with the gateway."""
        data = self._rest
        while len(data) < _HEAD.size or len(data) < 4 + _HEAD.unpack_from(data)[0]:
            more = os.read(self._descriptor, _READ)
            if not more:
                os._exit(0)
            data += more
        length, sequence, of_id, of_arn = _HEAD.unpack_from(data)
        start = _HEAD.size
        request_id = data[start : start + of_id].decode()
        arn = data[start + of_id : start + of_id + of_arn].decode()
        event = bytes(data[start + of_id + of_arn : 4 + length])
        del data[: 4 + length]
        return sequence, request_id, arn, event

    def send(self, sequence: int, kind: bytes, payload: bytes) -> None:
        """Answer."""
        if not self._is_ours:
            os._exit(0)
        data = _ANSWER.pack(len(payload) + 5, sequence, kind) + payload
        sent = os.write(self._descriptor, data)
        while sent < len(data):
            sent += os.write(self._descriptor, memoryview(data)[sent:])


class Identity:
    """Who calls with an identity of Amazon's: nobody."""

    cognito_identity_id: str | None = None
    cognito_identity_pool_id: str | None = None


# Read once: each look at the environment costs a tenth of an event.
_SAME_FOR_ALL = {
    "function_name": os.environ.get("AWS_LAMBDA_FUNCTION_NAME"),
    "function_version": os.environ.get("AWS_LAMBDA_FUNCTION_VERSION"),
    "memory_limit_in_mb": os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
    "log_group_name": os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME"),
    "log_stream_name": os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME"),
}


class Context:
    """Lambda's context object."""

    client_context = None

    def __init__(self, request_id: str, invoked_arn: str, deadline: float) -> None:
        self.__dict__.update(_SAME_FOR_ALL)
        self.aws_request_id = request_id
        self.invoked_function_arn = invoked_arn
        self.identity = Identity()
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until this invocation is ended."""
        return max(int((self._deadline - time.monotonic()) * 1000), 0)

    def log(self, message: object) -> None:
        """Print a line."""
        _print(str(message))


class LogHandler(logging.Handler):
    """Writes records as Lambda does, to what is standard output at that moment."""

    request_id = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        record.aws_request_id = self.request_id
        _print(self.format(record))


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


def _set_up_logging() -> LogHandler:
    handler = LogHandler()
    formatter = logging.Formatter(_LINE, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    return handler


def _plain(value: object) -> object:
    decimal = sys.modules.get("decimal")  # whoever has such a value has imported it
    if decimal is not None and isinstance(value, decimal.Decimal):  # what boto3 makes of DynamoDB's numbers
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    message = f"Object of type {type(value).__name__} is not JSON serializable"
    raise TypeError(message)


_encode = json.JSONEncoder(ensure_ascii=False, default=_plain).encode


def _marshalled(result: object) -> bytes:
    return result if isinstance(result, bytes) else _encode(result).encode()


def _error(kind: str, message: str, request_id: str, trace: list[str]) -> bytes:
    error = {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}
    return json.dumps(error).encode()


def _trace(error: BaseException) -> list[str]:
    """The frames of the function's own code."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [it for it in frames if it.filename != __file__ and not it.filename.startswith("<frozen importlib")]
    return traceback.format_list(own)


def _raised(error: BaseException, request_id: str) -> bytes:
    kind, trace = type(error).__name__, _trace(error)
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - an exception of the function's that cannot say what it is
        message = ""
    report = f"[ERROR] {kind}: {message}\nTraceback (most recent call last):\n{''.join(trace)}".rstrip("\n")
    with contextlib.suppress(Exception):  # the function closed its standard output
        _print(report)
    return _error(kind, message, request_id, trace)


class Unloadable(Exception):
    """The handler is not there: an errorType of Lambda's, a message and a trace."""


def _load(handler: str) -> Callable[[Any, Context], Any]:
    module, dot, name = handler.rpartition(".")
    if not dot or not module:
        message = f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)"
        raise Unloadable("Runtime.MalformedHandlerName", message, [])
    module = module.replace("/", ".")
    try:
        loaded = importlib.import_module(module)
    except ImportError as error:
        message = f"Unable to import module '{module}': {error}"
        raise Unloadable("Runtime.ImportModuleError", message, _trace(error)) from None
    except SyntaxError as error:
        message = f"Syntax error in module '{module}': {error}"
        place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        raise Unloadable("Runtime.UserCodeSyntaxError", message, [place]) from None
    except Exception as error:  # noqa: BLE001 - whatever the module does while it is imported
        raise Unloadable(type(error).__name__, str(error), _trace(error)) from None
    found = getattr(loaded, name, None)
    if not callable(found):
        message = f"Handler '{name}' missing on module '{module}'"
        raise Unloadable("Runtime.HandlerNotFound", message, [])
    return found  # type: ignore[no-any-return] # a callable of the function's


def _paths(code: str, layers: list[str]) -> list[str]:
    """Where modules are looked for first, in Lambda's order; a later layer hides an earlier one."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    paths = [code]
    for layer in reversed(layers):
        paths += [f"{layer}/python/lib/{version}/site-packages", f"{layer}/python"]
    return [path for path in paths if os.path.isdir(path)]  # noqa: PTH112 - pathlib costs its import


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the function closed it, or put something else there
            stream.flush()


def _call(handler: Callable[[Any, Context], Any], event: bytes, context: Context) -> tuple[bytes, bytes]:
    """What becomes of an event: kind and JSON."""
    try:
        given = json.loads(event.decode())
    except Exception as error:  # noqa: BLE001 - also recursion without end
        message = f"Unable to unmarshal input: {error}"
        return b"E", _error("Runtime.UnmarshalError", message, context.aws_request_id, [])
    try:
        result = handler(given, context)
    except Exception as error:  # noqa: BLE001 - whatever the function raises
        return b"E", _raised(error, context.aws_request_id)
    try:
        payload = _marshalled(result)
    except Exception as error:  # noqa: BLE001 - whatever its objects raise
        message = f"Unable to marshal response: {error}"
        return b"E", _error("Runtime.MarshalError", message, context.aws_request_id, [])
    if len(payload) > LARGEST_PAYLOAD:
        return b"L", str(len(payload)).encode()
    return b"R", payload


def _serve(channel: Channel, handler: Callable[[Any, Context], Any], timeout: float, log: LogHandler) -> None:
    while True:
        sequence, request_id, arn, event = channel.receive()
        log.request_id = request_id
        kind, payload = _call(handler, event, Context(request_id, arn, time.monotonic() + timeout))
        _flush()
        channel.send(sequence, kind, payload)
        log.request_id = ""


def main(arguments: list[str]) -> None:
    """Import the handler, then answer events until the gateway goes."""
    channel = Channel(int(arguments[0]))
    timeout, code, handler, layers = float(arguments[1]) / 1000, arguments[2], arguments[3], arguments[4:]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr] # real files
    log = _set_up_logging()
    sys.path[:0] = _paths(code, layers)
    try:
        loaded = _load(handler)
    except Unloadable as error:
        kind, message, trace = error.args
        _flush()
        channel.send(0, b"I", _error(kind, message, "", trace))
        os._exit(1)
    _flush()
    channel.send(0, b"K", b"")
    _serve(channel, loaded, timeout, log)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SystemExit as leaving:
        _flush()
        os._exit(leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None))
    except BaseException:  # noqa: BLE001 - the last words of a process
        traceback.print_exc()
        _flush()
        os._exit(1)
