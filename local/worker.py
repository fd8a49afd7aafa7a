"""The worker process: the real Python worker library, loading and calling the app for the local host.

Started by the host as `python -m local.worker`. The first line of stdin names the host's loopback port and the
secret of this start; after that stdin only tells, by ending, that the host is gone. Then the process ends at
once, whatever the app is doing. Touches the app folder, that connection, and stderr for the app's log.
"""

import asyncio
import contextlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import azure_functions_runtime  # pyright: ignore[reportMissingTypeStubs] - the library has no types

from local import protos
from local.wire import Frame, Json, read_frame, write_frame

type _RuntimeCall = Callable[[Any], Awaitable[Any]]


def main() -> None:
    """Read where the host is, then serve it until the connection or stdin ends."""
    start = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_host, name="host-watch", daemon=True).start()
    _log_to_stderr()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(start["port"], start["secret"]))
    sys.stderr.flush()
    os._exit(0)  # an activity still running in a thread must not keep the process


def _end_with_the_host() -> None:
    """Block until stdin ends; the event loop may be busy, so this is a thread of its own."""
    with contextlib.suppress(OSError, ValueError):
        while os.read(sys.stdin.fileno(), 1024):
            pass
    os._exit(0)


class Line(logging.Formatter):
    """A record in one line: time, level, who, what, and at the end the fields that the app gave it (`extra`)."""

    _usual = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "message"}

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        fields = [f"{name}={value}" for name, value in vars(record).items() if name not in self._usual]
        return " ".join([super().formatMessage(record), *fields])


def _log_to_stderr() -> None:
    """One tidy line for each record; quiet for libraries that report every request or step."""
    formatter = Line("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
    formatter.converter = time.localtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for chatty in ("azure", "durabletask", "httpx2", "httpcore2", "anthropic", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


async def _serve(port: int, secret: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    write_frame(writer, Frame("hello", {"secret": secret, "pid": os.getpid()}))
    running: set[asyncio.Task[None]] = set()
    while (frame := await read_frame(reader)) is not None:
        handle = _load if frame.kind == "load" else _invoke
        task = asyncio.create_task(handle(frame, writer))
        running.add(task)
        task.add_done_callback(running.discard)


async def _load(frame: Frame, writer: asyncio.StreamWriter) -> None:
    """Take the app's environment, load and index the app, answer with its functions or its error."""
    os.environ.update(frame.fields["environment"])
    app_dir = frame.fields["app_dir"]
    sys.path.insert(0, app_dir)
    azure_functions_runtime.start_threadpool_executor()
    start = SimpleNamespace(capabilities={}, function_app_directory=app_dir)
    outcome = await _runtime("worker_init_request")(_request(worker_init_request=start))
    if outcome.result.status != protos.StatusResult.Success:
        error = outcome.result.exception
        write_frame(writer, Frame("unloadable", {"message": error.message, "stack": error.stack_trace}))
        return
    described = await _runtime("functions_metadata_request")(_request())
    functions: list[Json] = [
        {"id": f.function_id, "name": f.name, "bindings": [json.loads(text) for text in f.raw_bindings]}
        for f in cast("list[protos.RpcFunctionMetadata]", described.function_metadata_results or [])
    ]
    write_frame(writer, Frame("loaded", {"functions": functions}))


def _runtime(name: str) -> _RuntimeCall:
    """A function of the worker library, which has no types."""
    return cast("_RuntimeCall", getattr(azure_functions_runtime, name))


def _request(**fields: Any) -> SimpleNamespace:
    """A request as the worker library takes it."""
    return SimpleNamespace(request=SimpleNamespace(**fields), properties={"host": "127.0.0.1", "protos": protos})


async def _invoke(frame: Frame, writer: asyncio.StreamWriter) -> None:
    """Call one function and send what it returned or raised."""
    outcome = await _runtime("invocation_request")(_request(invocation_request=_invocation(frame)))
    fields: dict[str, Json] = {"id": frame.fields["id"]}
    body = b""
    if outcome.result.status == protos.StatusResult.Success:
        fields["value"], body = _encode(outcome.return_value)
    else:
        error = outcome.result.exception
        fields["error"] = {"message": error.message, "stack": error.stack_trace}
    write_frame(writer, Frame("result", fields, body))
    with contextlib.suppress(ConnectionError):
        await writer.drain()


def _invocation(frame: Frame) -> SimpleNamespace:
    fields = frame.fields
    return SimpleNamespace(
        invocation_id=fields["id"],
        function_id=fields["function"],
        input_data=[
            protos.ParameterBinding(name=name, data=_decode(value, frame.body))
            for name, value in fields["inputs"].items()
        ],
        trigger_metadata={name: _decode(value, b"") for name, value in fields["metadata"].items()},
        trace_context=SimpleNamespace(trace_parent="", trace_state="", attributes={}),
        retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
    )


def _decode(value: Json, body: bytes) -> protos.TypedData:
    """A value of the wire as the library's message; bytes come from the frame's body."""
    if value["kind"] == "bytes":
        return protos.TypedData(bytes=body)
    if value["kind"] == "http":
        return protos.TypedData(http=protos.RpcHttp(**value["value"], body=protos.TypedData(bytes=body)))
    return protos.TypedData(**{value["kind"]: value["value"]})


def _encode(value: protos.TypedData | None) -> tuple[Json, bytes]:
    """A returned message as a value of the wire and its bytes; None when the function returned nothing."""
    if value is None or value.kind is None:
        return None, b""
    if value.kind == "bytes":
        return {"kind": "bytes"}, value.value
    if value.kind != "http":
        return {"kind": value.kind, "value": value.value}, b""
    answer = cast("protos.RpcHttp", value.value)
    content = answer.body.value if answer.body is not None else b""
    http: Json = {
        "status": int(answer.status_code or 200),
        "headers": dict(answer.headers),
        "cookies": [_set_cookie(cookie) for cookie in cast("list[protos.RpcHttpCookie]", answer.cookies or [])],
    }
    return {"kind": "http", "value": http}, content.encode() if isinstance(content, str) else content or b""


def _set_cookie(cookie: protos.RpcHttpCookie) -> str:
    """A cookie of the library as the value of a Set-Cookie header (RFC 6265)."""
    parts = [f"{cookie.name}={cookie.value}"]
    for label, wrapped in (("Domain", cookie.domain), ("Path", cookie.path), ("Max-Age", cookie.max_age)):
        if wrapped is not None and wrapped.value != "":
            parts.append(f"{label}={wrapped.value:g}" if label == "Max-Age" else f"{label}={wrapped.value}")
    if cookie.expires is not None:
        expires = cookie.expires.value.ToDatetime()
        parts.append(f"Expires={expires:%a, %d %b %Y %H:%M:%S} GMT")
    parts += [
        label for label, flag in (("Secure", cookie.secure), ("HttpOnly", cookie.http_only)) if flag and flag.value
    ]
    if cookie.same_site:
        parts.append(f"SameSite={cookie.same_site}")
    return "; ".join(parts)


if __name__ == "__main__":
    main()
