"""A loopback server that speaks the Anthropic Messages API and answers with offline drafts.

May open one listening socket on 127.0.0.1 and nothing else. It keeps a record of the requests it saw, a
prompt cache that counts as the real one does, and can be told to fail (see `faults`).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass

from aiohttp import web

from local.drafts.drafting import answer_prompt
from local.drafts.edits import misquoted
from local.drafts.messages_api import protocol
from local.drafts.messages_api.batches import BatchRegistry
from local.drafts.messages_api.faults import Fault, FaultScript
from local.drafts.messages_api.models import MODELS, model_info
from local.drafts.messages_api.prefix_cache import PrefixCache, Reading
from local.drafts.messages_api.rate_limit import Limits, RateLimiter
from local.drafts.prompt import Prompt, parse_prompt
from local.drafts.seeded_defects import DefectNotPlacedError, SeededDefect

PIECES = 40
_ID = web.RequestKey("id", str)
_LIMITS = web.RequestKey("limits", dict[str, str])
LARGEST_BODY = 32 * 1024 * 1024
STALL_SECONDS = 3_600

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Seen:
    """One request for a message, as the server saw it. `agent` and `task` are empty for foreign prompts.

    `settings` are its parameters besides model and texts; `batch` names the batch that it came in.
    """

    request_id: str
    model: str
    agent: str
    task: str
    stream: bool
    status: int
    usage: protocol.Usage | None
    settings: protocol.Json
    batch: str = ""


class DraftsServer:
    """The offline model. `seconds_per_answer` spreads each answer's text over that time.

    `keys` are the keys (or bearer tokens) that are let in; None lets any in. `models` is what its Models API tells;
    None is a server without one. `limits` hold for each model; None is a server that limits nothing.
    A batch of messages takes `seconds_per_batch`. `write` writes the answers.
    """

    def __init__(
        self,
        *,
        seconds_per_answer: float = 0.3,
        faults: Sequence[Fault] = (),
        defects: Sequence[SeededDefect] = (),
        keys: Container[str] | None = None,
        limits: Limits | None = None,
        write: Callable[[Prompt | None, Sequence[SeededDefect]], str] = answer_prompt,
        seconds_per_batch: float = 2.0,
    ) -> None:
        self.keys = keys
        self.limit(limits)
        self.models: dict[str, protocol.Json] | None = {name: model_info(name) for name in MODELS}
        self.counted = 0
        self.seen: list[Seen] = []
        self.url = ""
        self.pace = seconds_per_answer
        self._write = write
        self._faults = FaultScript(faults)
        self._defects = tuple(defects)
        self._cache = PrefixCache()
        self.batches = BatchRegistry(self._process, seconds_per_batch)
        self._requests = 0
        self._runner: web.AppRunner | None = None

    def order(self, faults: Sequence[Fault]) -> None:
        """From now on, serve these faults and no earlier ones."""
        self._faults = FaultScript(faults)

    def seed(self, defects: Sequence[SeededDefect]) -> None:
        """From now on, seed these defects in the drafts and no earlier ones."""
        self._defects = tuple(defects)

    def limit(self, limits: Limits | None) -> None:
        """From now on, these rate limits hold, and all of them is left."""
        self._limiter = RateLimiter(limits) if limits else None

    async def start(self, port: int = 0) -> str:
        """Listen on 127.0.0.1 (port 0: any free one) and return the base URL for a client."""
        app = web.Application(middlewares=[self._guard], client_max_size=LARGEST_BODY)
        app.router.add_post("/v1/messages", self._create_message)
        app.router.add_post("/v1/messages/count_tokens", self._count_tokens)
        self.batches.add_routes(app)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_get("/v1/models/{id}", self._get_model)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        """Stop listening. Answers under way are cut off."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def calls(self) -> dict[tuple[str, str], int]:
        """How many requests each (agent, task) made, failed ones included."""
        counts: dict[tuple[str, str], int] = {}
        for seen in self.seen:
            counts[seen.agent, seen.task] = counts.get((seen.agent, seen.task), 0) + 1
        return counts

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Give every request an id, ask for a key, and turn refusals into the API's error shape."""
        self._requests += 1
        request[_ID] = f"req_offline{self._requests:07d}"
        try:
            _require_key(request, self.keys)
            response = await handler(request)
        except protocol.BadRequestError as error:
            return self._error(request, error.status, error.message)
        except DefectNotPlacedError as error:
            return self._error(request, 400, str(error))
        except web.HTTPRequestEntityTooLarge:
            return self._error(request, 413, "Request exceeds the maximum size")
        except web.HTTPException as error:
            return self._error(request, error.status, f"{request.method} {request.path}: {error.reason}")
        if not response.prepared:
            response.headers.update(_headers(request))
        return response

    async def _create_message(self, request: web.Request) -> web.StreamResponse:
        asked = protocol.parse_request(await request.read())
        prompt = parse_prompt(asked.last_user_texts)
        agent, task = (prompt.assignment.agent, prompt.assignment.task) if prompt else ("", "")
        fault = self._faults.next(agent, task)
        status = int(fault.kind) if fault and fault.kind.isdigit() else 200
        reading = self._cache.read(asked.cache_reader, asked.blocks) if status == 200 else None
        wait = self._wait(request, asked.model, reading) if reading else None
        usage = reading.usage if reading and not wait else None
        seen = Seen(
            _id(request), asked.model, agent, task, asked.stream, 429 if wait else status, usage, asked.settings
        )
        self.seen.append(seen)
        if wait:
            return self._error(request, 429, "This request would exceed the rate limit", retry_after=wait)
        if reading is None:
            scripted = f"A scripted {status} of the offline server"
            return self._error(request, status, scripted, retry_after=fault.retry_after if fault else 1)
        if fault and fault.kind == "silence":
            await asyncio.sleep(STALL_SECONDS)
        text = self._write(prompt, self._defects)
        answer = _answer(asked, text, fault, reading, _id(request))
        if asked.stream:
            return await self._stream(request, answer, fault, reading)
        await asyncio.sleep(self.pace if answer.text else 0)
        self._cache.write(reading)
        if self._limiter:
            self._limiter.written(answer.model, answer.output_tokens)
        return web.json_response(answer.to_message())

    def _wait(self, request: web.Request, model: str, reading: Reading) -> int | None:
        """Seconds until there is room for this request; None where there is now, and it takes its part."""
        if self._limiter is None:
            return None
        usage = reading.usage
        wait = self._limiter.take(model, usage.input_tokens + usage.cache_creation_input_tokens)
        request[_LIMITS] = self._limiter.headers(model)
        return wait

    def _process(self, params: protocol.Json, batch: str) -> protocol.Json:
        """What one request of a batch gives. They are processed one after another, and share the cache."""
        self._requests += 1
        request_id = f"req_offline{self._requests:07d}"
        try:
            asked = protocol.parse_request(json.dumps(params).encode())
            prompt = parse_prompt(asked.last_user_texts)
            agent, task = (prompt.assignment.agent, prompt.assignment.task) if prompt else ("", "")
            fault = self._faults.next(agent, task)
            kind = fault.kind if fault else ""
            reading = None if kind.isdigit() or kind == "expired" else self._cache.read(asked.model, asked.blocks)
            usage, status = (reading.usage, 200) if reading else (None, int(kind) if kind.isdigit() else 0)
            self.seen.append(Seen(request_id, asked.model, agent, task, False, status, usage, asked.settings, batch))
            if reading is None:
                scripted = protocol.error_body(status, f"A scripted {status} of the offline server", request_id)
                return {"type": "errored", "error": scripted} if status else {"type": "expired"}
            text = answer_prompt(prompt, self._defects)
        except protocol.BadRequestError as error:
            return {"type": "errored", "error": protocol.error_body(error.status, error.message, request_id)}
        except DefectNotPlacedError as error:
            return {"type": "errored", "error": protocol.error_body(400, str(error), request_id)}
        self._cache.write(reading)
        message = _answer(asked, text, fault, reading, request_id).to_message()
        message["usage"]["service_tier"] = "batch"
        return {"type": "succeeded", "message": message}

    async def _stream(
        self, request: web.Request, answer: protocol.Answer, fault: Fault | None, reading: Reading
    ) -> web.StreamResponse:
        headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        response = web.StreamResponse(headers=headers | _headers(request))
        await response.prepare(request)
        self._cache.write(reading)
        for number, event in enumerate(answer.events(PIECES)):
            if fault and fault.strikes(number, event) and await _broken(request, response, fault, event):
                return response
            await response.write(event)
            await asyncio.sleep(self.pace / PIECES)
        if self._limiter:
            self._limiter.written(answer.model, answer.output_tokens)
        return response

    async def _count_tokens(self, request: web.Request) -> web.StreamResponse:
        asked = protocol.parse_request(await request.read(), needs_max_tokens=False)
        self.counted += 1
        return web.json_response({"input_tokens": sum(protocol.count_tokens(block.text) for block in asked.blocks)})

    async def _list_models(self, request: web.Request) -> web.StreamResponse:
        known = self._known_models()
        page = {"has_more": False, "first_id": next(iter(known), None), "last_id": next(reversed(known), None)}
        return web.json_response({"data": list(known.values())} | page)

    async def _get_model(self, request: web.Request) -> web.StreamResponse:
        name, known = request.match_info["id"], self._known_models()
        if name not in known:
            raise protocol.BadRequestError(f"model: {name}", status=404)
        return web.json_response(known[name])

    def _known_models(self) -> dict[str, protocol.Json]:
        if self.models is None:
            raise protocol.BadRequestError("Not Found", status=404)
        return self.models

    def _error(self, request: web.Request, status: int, message: str, retry_after: int = 1) -> web.Response:
        headers = _headers(request) | ({"retry-after": str(retry_after)} if status in (429, 529) else {})
        body = protocol.error_body(status, message, _id(request))
        return web.json_response(body, status=status, headers=headers)


async def _broken(request: web.Request, response: web.StreamResponse, fault: Fault, event: bytes) -> bool:
    """Break the stream in `event` as ordered. Whether that is its end."""
    name = event.split(b"\n", 1)[0]
    match fault.kind:
        case "cut":
            await response.write(event[: len(event) // 2])
            await asyncio.sleep(0.01)  # so that it is on its way before the connection drops
            if request.transport is not None:
                request.transport.abort()
        case "error_event":
            await response.write(protocol.error_event(529, "Overloaded", _id(request)))
        case "malformed":
            await response.write(name + b'\ndata: {"type": "message\xff, \n\n')
        case "misshapen":
            await response.write(name + b"\n" + b"data: " + name.replace(b"event: ", b'{"type": "') + b'"}\n\n')
        case "stall":
            await asyncio.sleep(STALL_SECONDS)
        case _:
            return False
    return True


def _answer(
    asked: protocol.MessagesRequest, text: str, fault: Fault | None, reading: Reading, request_id: str
) -> protocol.Answer:
    """The answer with this text, shortened where the request or a scripted fault says so."""
    stop = "end_turn"
    if fault and fault.kind == "misquote":
        text = misquoted(text)
    if asked.said_so_far and text.startswith(asked.said_so_far):
        text = text[len(asked.said_so_far) :]
    room = asked.max_tokens * protocol.CHARACTERS_PER_TOKEN
    if fault and fault.kind == "refusal":
        text, stop = text[:200], "refusal"
    elif fault and fault.kind == "max_tokens":
        text, stop = text[: min(room, len(text) // 2)], "max_tokens"
    elif len(text) > room:
        text, stop = text[:room], "max_tokens"
    return protocol.Answer(request_id.replace("req_", "msg_"), asked.model, text, stop, reading.usage)


def _require_key(request: web.Request, keys: Container[str] | None) -> None:
    bearer = request.headers.get("authorization", "").removeprefix("Bearer").strip()
    key = request.headers.get("x-api-key", "").strip() or bearer
    if not key:
        raise protocol.BadRequestError("x-api-key header is required", status=401)
    if keys is not None and key not in keys:
        raise protocol.BadRequestError("invalid x-api-key", status=401)


def _id(request: web.Request) -> str:
    return request[_ID]


def _headers(request: web.Request) -> dict[str, str]:
    """The headers that clients read: the request's id and how much of the rate limit is left."""
    return {"request-id": _id(request), "anthropic-organization-id": "offline"} | request.get(_LIMITS, {})
