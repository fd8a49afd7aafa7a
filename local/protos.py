"""Stand-ins for the worker's protobuf messages, as far as azure_functions_runtime 1.3 touches them.

In Azure the worker gets them from its gRPC front; here the front is `local.worker`. Pure data.
"""

from types import SimpleNamespace
from typing import Any


class TypedData:
    """One value and its kind: string, json, bytes, int, double or http."""

    kind: str | None
    value: Any

    def __init__(self, **field: Any) -> None:
        self.kind, self.value = next(iter(field.items()), (None, None))

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's name
        return self.kind

    def __getattr__(self, name: str) -> Any:
        if name == self.__dict__.get("kind"):
            return self.value
        raise AttributeError(name)


class _Record(SimpleNamespace):
    """A message whose fields are the keywords it was made with."""


class ParameterBinding(_Record):
    """A named argument: `name`, `data`."""

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - protobuf's name
        return "data"


class RpcHttp(_Record):
    """A request (method, url, headers, params, query, body) or an answer (status_code, headers, cookies, body)."""


class RpcException(_Record):
    """`message` ("Type: text") and `stack_trace`."""


class InvocationResponse(_Record):
    """`invocation_id`, `result`; on success also `return_value` and `output_data`."""

    return_value: TypedData | None = None


class WorkerInitResponse(_Record):
    """`capabilities`, `result`."""


class WorkerMetadata(_Record):
    """Runtime names and versions."""


class FunctionMetadataResponse(_Record):
    """`function_metadata_results`."""


class RpcFunctionMetadata(_Record):
    """One indexed function: `name`, `function_id`, `raw_bindings` (JSON texts)."""


class RpcRetryOptions(_Record):
    """A function's retry policy; the local host has none."""


class NullableString(_Record):
    """A wrapped optional value: `value`. The four wrappers differ by type alone."""


class NullableBool(NullableString):
    pass


class NullableDouble(NullableString):
    pass


class NullableTimestamp(NullableString):
    pass


class StatusResult(_Record):
    """`status`, and `exception` on failure."""

    Failure, Success, Cancelled = range(3)
    exception: RpcException | None = None


class BindingInfo(_Record):
    """A binding's direction and data type."""

    undefined = 0
    out = 1
    inout = 2


setattr(BindingInfo, "in", 0)  # a keyword, so it cannot be written in the class body


class RpcHttpCookie(_Record):
    """A cookie of an answer."""

    SameSite = SimpleNamespace(**{"None": "", "Lax": "Lax", "Strict": "Strict", "ExplicitNone": "None"})
