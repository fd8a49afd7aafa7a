"""Renders `python-sample-implementation.md`: a small FastAPI service that runs, with one real operation. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import json
import re

from local.drafts.design.model import Design, Operation
from local.drafts.design.openapi import ERRORS
from local.drafts.design.schemas import request_of
from local.drafts.documents.markdown import bullets, cite, document, fence, file_block, paragraphs
from local.drafts.documents.python_code import models, routes, store
from local.drafts.english import snake, table

_PROBLEMS = '''"""Every error as application/problem+json, in one place."""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

TITLES = {
@TITLES@
}
log = logging.getLogger(__name__)


class Problem(Exception):
    """An error with a status that callers may rely on."""

    def __init__(self, status: int, detail: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def trace_id(request: Request) -> str:
    """The trace id of the request's `traceparent`, or a new one."""
    parts = request.headers.get("traceparent", "").split("-")
    return parts[1] if len(parts) == 4 and len(parts[1]) == 32 else uuid4().hex


def problem_response(
    request: Request, status: int, detail: str | None = None, errors: list[dict[str, str]] | None = None
) -> JSONResponse:
    """One problem document (RFC 9457), with the contract's code."""
    slug, title = TITLES.get(status, ("request-refused", "The request was refused"))
    body: dict[str, object] = {
        "type": f"https://errors.example.com/{slug}",
        "title": title,
        "status": status,
        "code": slug.upper().replace("-", "_"),
        "traceId": trace_id(request),
    }
    body |= {"detail": detail} if detail else {}
    body |= {"errors": errors} if errors else {}
    return JSONResponse(body, status, media_type="application/problem+json")


async def on_problem(request: Request, error: Exception) -> JSONResponse:
    """What routes raise themselves."""
    status, detail = (error.status, error.detail) if isinstance(error, Problem) else (500, None)
    return problem_response(request, status, detail)


async def on_http_error(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses: unknown paths and methods."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return problem_response(request, status)


async def on_invalid(request: Request, error: Exception) -> JSONResponse:
    """What does not meet the contract: 400 for headers and parameters, 422 for the body, every fault at once."""
    faults: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else []
    if any(fault["loc"][0] in ("header", "query", "path") for fault in faults):
        return problem_response(request, 400, str(faults[0]["msg"]))
    errors = [{"pointer": pointer(fault["loc"]), "message": str(fault["msg"])} for fault in faults]
    return problem_response(request, 422, None, errors)


async def on_failure(request: Request, error: Exception) -> JSONResponse:
    """What nobody foresaw: logged with its trace, answered without a word about the inside."""
    log.error("request failed", exc_info=error, extra={"traceId": trace_id(request)})
    return problem_response(request, 500)


def pointer(place: Sequence[object]) -> str:
    """A JSON pointer into the body; the first part of the place says only that it is the body."""
    return "/" + "/".join(str(part) for part in place[1:])


def install(app: FastAPI) -> None:
    """Route every kind of error through `problem_response`."""
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_failure)'''


def _problems() -> str:
    titles = [f'    {status}: ("{slug}", "{text}"),' for status, (_, slug, text) in ERRORS.items()]
    return _PROBLEMS.replace("@TITLES@", "\n".join(titles))


_ERROR_ROWS: list[tuple[str, ...]] = [
    ("`Problem`", "by its status, as in the error taxonomy", "its own", "no", "503 and 429, by the caller"),
    ("`RequestValidationError`", "`MALFORMED_REQUEST` or `VALIDATION_FAILED`", "400 or 422", "no", "no"),
    ("`HTTPException`", "by its status", "404, 405", "no", "no"),
    ("any other", "`INTERNAL_ERROR`", "500", "as an error, with its trace", "by the caller, with the same key"),
]


def render_python(design: Design) -> str:
    """The Python developer's document for a design."""
    operation = chosen_operation(design)
    return document(
        f"Python sample implementation: {design.title}",
        [
            ("Folder layout", _layout(design, operation)),
            ("Configuration", _configuration(design)),
            ("Application", _application(design, operation)),
            (
                "Error handling",
                paragraphs(
                    table(("Exception", "Code", "Status", "Logged", "Retried"), _ERROR_ROWS),
                    file_block("app/problems.py", "python", _problems()),
                    "Routes raise `Problem`; nothing else decides a status. What is not foreseen becomes 500 without its text, and is logged with the trace id.",
                ),
            ),
            ("Typing and docstrings", _typing()),
            ("Tests", _tests(design, operation)),
        ],
    )


def chosen_operation(design: Design) -> Operation:
    """The operation a sample implements: a creation if there is one, else any other that takes a body."""
    candidates = [
        next((one for one in design.business if one.action == "create" and "{" not in one.path), None),
        next((one for one in design.business if one.action == "create"), None),
        next((one for one in design.business if one.body), None),
        *design.business,
    ]
    return next((one for one in candidates if one), design.operations[0])


def _layout(design: Design, operation: Operation) -> str:
    tree = """app/
  main.py        builds the application; nothing else
  config.py      the only reader of the environment
  models.py      the contract's schemas as types
  routes.py      one function per operation
  store.py       what the routes need from storage, and an in-memory one
  problems.py    every error as application/problem+json
tests/unit/
  test_api.py    the operation of this sample, in process
Dockerfile
pyproject.toml
uv.lock          made by the first `uv sync`, committed"""
    return paragraphs(
        f"A skeleton that runs: health, readiness, version and `{operation.method} {operation.path}` (`{operation.id}`) {cite(operation.requirements)}.",
        fence("text", tree),
        file_block("pyproject.toml", "toml", _pyproject(design)),
        file_block("Dockerfile", "dockerfile", _DOCKERFILE),
        "To install, run, check and test:",
        fence("bash", _COMMANDS),
    )


_DOCKERFILE = """FROM python:3.13-slim
ARG COMMIT=unknown
WORKDIR /srv
RUN pip install --no-cache-dir uv==0.9.7
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev
COPY app app
ENV PATH=/srv/.venv/bin:$PATH COMMIT=$COMMIT
USER 65534
EXPOSE 8000
CMD ["uvicorn", "--factory", "app.main:create_app", "--host", "0.0.0.0", "--port", "8000"]"""


def _pyproject(design: Design) -> str:
    return f"""[project]
name = "{design.project}"
version = "1.0.0"
requires-python = ">=3.13,<3.14"
dependencies = ["fastapi>=0.115,<1", "pydantic>=2.10,<3", "pydantic-settings>=2.7,<3", "uvicorn>=0.34,<1"]

[dependency-groups]
dev = ["httpx>=0.28,<1", "pyright>=1.1.400,<2", "pytest>=8.3,<9", "pytest-cov>=6,<8", "ruff>=0.11,<1"]

[tool.ruff]
line-length = 120

[tool.pyright]
typeCheckingMode = "strict"

[tool.pytest.ini_options]
pythonpath = ["."]"""


_COMMANDS = """uv sync
uv run uvicorn --factory app.main:create_app --port 8000
uv run ruff check app tests
uv run pyright app
uv run pytest tests/unit --confcutdir=tests/unit --junitxml=results/unit.xml"""


def _configuration(design: Design) -> str:
    rows: list[tuple[str, ...]] = [
        ("`DATABASE_URL`", "text", "`memory://`", "no", f"{design.database}, without a password; the process's identity signs in"),
        ("`VERSION`, `COMMIT`", "text", "`1.0.0`, `local`", "no", "set when the image is built"),
        ("`IDEMPOTENCY_HOURS`", "integer", "`24`", "no", "the architecture's table of settings"),
    ]  # fmt: skip
    rows += [("`BROKER_URL`", "text", "`memory://`", "no", f"{design.broker}")] if design.broker else []
    text = f'''"""Settings: the only reader of the environment. All that is missing is named at once."""

from functools import cache

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What differs between environments. Secrets come from Key Vault, never from here."""

    model_config = SettingsConfigDict(frozen=True)

    service: str = "{design.project}"
    version: str = "1.0.0"
    commit: str = "local"
    database_url: str = "memory://"
{'    broker_url: str = "memory://"' + chr(10) if design.broker else ""}    idempotency_hours: int = 24


@cache
def settings() -> Settings:
    """Read once per process."""
    return Settings()'''
    return paragraphs(
        table(("Setting", "Type", "Default", "Secret", "From"), rows), file_block("app/config.py", "python", text)
    )


def _application(design: Design, operation: Operation) -> str:
    return paragraphs(
        file_block("app/models.py", "python", models(design, operation)),
        file_block("app/store.py", "python", store(operation)),
        file_block("app/routes.py", "python", routes(design, operation)),
        file_block("app/main.py", "python", _MAIN),
    )


_MAIN = '''"""Builds the application; nothing else."""

from fastapi import FastAPI

from app import problems
from app.config import settings
from app.routes import router
from app.store import MemoryStore


def create_app() -> FastAPI:
    """A fresh application with its own store."""
    app = FastAPI(title=settings().service, version=settings().version, docs_url=None, redoc_url=None)
    app.state.store = MemoryStore()
    app.include_router(router)
    problems.install(app)
    return app'''


def _typing() -> str:
    return bullets(
        [
            "`pyright --strict` and `ruff check` pass, and gate the build.",
            "Types say what the contract says: closed sets are `Literal`, limits are `Annotated`, times carry their zone.",
            "Each public function has one line of purpose; routes name the operation's id, so that a search for it finds contract, code, test and query.",
            "`Store` is a protocol: routes depend on what they need, not on a driver.",
        ]
    )


def _tests(design: Design, operation: Operation) -> str:
    request = request_of(operation)
    shown = json.dumps(request[2], indent=4) if request else "{}"
    shown = re.sub(
        r'"(?:[^"\\]|\\.)*"|\b(true|false|null)\b',
        lambda found: {"true": "True", "false": "False", "null": "None"}.get(found[1] or "", found[0]),
        shown,
    )
    path = re.sub(r"\{[^}]+\}", "0198c7a2-6f1e-7c3b-9a54-3d2f8e6b1c70", operation.path)
    keyed = operation.action in ("create", "act") and operation.method == "POST"
    send = f'client.{operation.method.lower()}("{path}"' + (", json=BODY" if request else "") + ", headers=HEADERS)"
    bodied = bool(request) and operation.method not in ("GET", "DELETE")
    probes = [one.path for one in design.operations if one.action == "probe"]
    tests = [
        f'@pytest.mark.parametrize("path", {json.dumps(probes)})\ndef test_a_probe_needs_no_credentials(client, path):\n    assert client.get(path).status_code == 200',
        f"def test_{snake(operation.id)}_answers_{operation.success}_as_the_contract_says(client):\n    response = {send}\n    assert response.status_code == {operation.success}"
        + (
            '\n    assert response.headers["Location"].endswith(response.json()["id"])'
            if operation.action == "create"
            else ""
        ),
        f'def test_{snake(operation.id)}_asks_for_credentials(client):\n    headers = {{name: value for name, value in HEADERS.items() if name != "Authorization"}}\n    response = {send.replace("headers=HEADERS", "headers=headers")}\n    assert response.status_code == 401\n    assert response.headers["content-type"] == "application/problem+json"',
    ]
    if bodied:
        tests.append(
            f'def test_{snake(operation.id)}_names_the_faulty_field(client):\n    response = {send.replace("json=BODY", "json=BODY | {" + chr(34) + "not_in_the_contract" + chr(34) + ": 1}")}\n    assert response.status_code == 422\n    assert "/not_in_the_contract" in [fault["pointer"] for fault in response.json()["errors"]]'
        )
    if keyed and operation.resource:
        tests.append(
            f'def test_{snake(operation.id)}_with_the_same_key_has_one_effect(client):\n    first, second = {send}, {send}\n    assert first.json()["id"] == second.json()["id"]'
        )
    head = f'''"""The behaviour that the test specification names, in process."""

import pytest
from fastapi.testclient import TestClient

from app.main import create_app

HEADERS = {{"Authorization": "Bearer token-of-a-test", "Idempotency-Key": "key-of-a-test"}}
BODY = {shown}


@pytest.fixture
def client() -> TestClient:
    return TestClient(create_app())'''
    return paragraphs(
        f"The names match the test specification, so that a failure leads to the same operation, `{operation.id}`.",
        file_block("tests/unit/test_api.py", "python", "\n\n\n".join([head, *tests])),
    )
