"""References to blobs, and documents handed on by reference."""

import base64
import re
from dataclasses import dataclass
from typing import Any, Self

from shared.contracts.payload import Payload

_REFERENCE = re.compile(r"(?P<container>[^/ ]+)/(?P<name>.+) (?P<size>\d{1,15}) (?P<digest>[\w-]{43})")


@dataclass(frozen=True)
class BlobRef(Payload):
    """One version of one blob. `size` in bytes, `sha256` in hex."""

    container: str
    name: str
    sha256: str
    size: int

    def to_value(self) -> str:
        """`container/name size sha256`, the digest in URL-safe base64."""
        digest = base64.urlsafe_b64encode(bytes.fromhex(self.sha256)).decode().rstrip("=")
        return f"{self.container}/{self.name} {self.size} {digest}"

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Rebuild from that line; `ValueError` where it is none."""
        if not isinstance(value, str) or not (read := _REFERENCE.fullmatch(value)):
            raise ValueError(f"BlobRef: expected `container/name size sha256`, got {value!r:.100}")
        digest = base64.urlsafe_b64decode(read["digest"] + "=").hex()
        return cls(read["container"], read["name"], digest, int(read["size"]))


@dataclass(frozen=True)
class Document(Payload):
    """An earlier deliverable handed to an agent."""

    name: str
    agent: str
    ref: BlobRef
