"""The frames that host and worker exchange over one loopback connection.

A frame is two unsigned 32-bit lengths (JSON, body), the JSON and the body. Bytes that may be large (an HTTP
body, a blob) travel as the body; a frame carries one at most. Touches streams only.
"""

import asyncio
import json
import struct
from dataclasses import dataclass
from typing import Any

_LENGTHS = struct.Struct("!II")
MAX_FRAME = 512 * 1024 * 1024

type Json = Any
"""What json.loads returns: the other end of the wire decides its shape."""


@dataclass(frozen=True)
class Frame:
    """One message: what it is, its JSON fields and its bytes."""

    kind: str
    fields: dict[str, Json]
    body: bytes = b""


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None when the other side has closed. Raises ValueError for lengths beyond MAX_FRAME."""
    try:
        head_size, body_size = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
        if head_size + body_size > MAX_FRAME:
            raise ValueError(f"a frame of {head_size + body_size} bytes is beyond the limit of {MAX_FRAME}")
        head = json.loads(await reader.readexactly(head_size))
        body = await reader.readexactly(body_size)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return Frame(head["kind"], head["fields"], body)


def write_frame(writer: asyncio.StreamWriter, frame: Frame) -> None:
    """Queue a frame whole; frames written from several tasks do not mix. Drain it for back-pressure."""
    head = json.dumps({"kind": frame.kind, "fields": frame.fields}, ensure_ascii=False).encode()
    writer.write(_LENGTHS.pack(len(head), len(frame.body)) + head)
    if frame.body:
        writer.write(frame.body)
