"""The modules of the Python sample that depend on the design: models, store, routes. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import json
import keyword
import re

from local.drafts.design.model import Design, Field, Operation
from local.drafts.design.openapi import is_identifier
from local.drafts.design.schemas import request_of, settable
from local.drafts.english import snake

_TYPES = {
    "text": "Text", "long": "LongText", "uuid": "UUID", "ref": "UUID", "int": "Count", "number": "float", "money": "Money",
    "bool": "bool", "time": "datetime", "date": "date", "email": "Email", "uri": "AnyUrl", "phone": "Phone",
    "country": "Country", "currency": "Currency", "object": "dict[str, Any]",
    "parts": "list[dict[str, Any]]", "list": "list[str]", "secret": "SecretStr",
}  # fmt: skip


def _names(design: Design, operation: Operation) -> tuple[str, str]:
    """The classes of the body and of the answer."""
    request = request_of(operation)
    body = request[0] if request else "EmptyRequest"
    answer = operation.resource.name if operation.resource else f"{operation.id[:1].upper()}{operation.id[1:]}Result"
    return body, answer


def _fields(operation: Operation) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    """The fields of the body and of the answer."""
    if operation.resource:
        return settable(operation.resource), tuple(one for one in operation.resource.fields if one.type != "secret")
    return operation.body or operation.query, tuple(one for one in operation.answer if one.type != "secret")


def models(design: Design, operation: Operation) -> str:
    body, answer = _names(design, operation)
    sent, shown = _fields(operation)
    server = ["    id: UUID"] + (["    tenant_id: UUID"] if design.tenancy else []) if operation.resource else []
    stamps = ["    created_at: datetime", "    updated_at: datetime"] if operation.resource else []
    sent_lines = [f"    {_declare(one)}" for one in sorted(sent, key=lambda one: not one.required)] or ["    pass"]
    shown_lines = [f"    {_declare(one)}" for one in sorted(shown, key=lambda one: not one.required)]
    text = "\n".join(
        [
            f"class {body}(Contract):",
            f'    """What `{operation.id}` takes."""',
            "",
            *sent_lines,
            "",
            "",
            f"class {answer}(Contract):",
            f'    """What `{operation.id}` answers."""',
            "",
            *server,
            *stamps,
            *shown_lines,
        ]
    )
    return f'"""The contract\'s schemas as types: unknown fields are refused, values are checked."""\n\n{_imports(text)}\n\n{_aliases(text)}\n\n\n{_CONTRACT}\n\n\n{text}'


_CONTRACT = '''class Contract(BaseModel):
    """What all schemas share."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)'''


_ALIASES = {
    "Text": "Annotated[str, Field(min_length=1, max_length=200)]",
    "LongText": "Annotated[str, Field(max_length=4000)]",
    "Count": "Annotated[int, Field(ge=0)]",
    "Money": r'Annotated[str, Field(pattern=r"^-?\d{1,13}\.\d{2}$")]',
    "Email": r'Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]',
    "Phone": r'Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")]',
    "Country": 'Annotated[str, Field(pattern="^[A-Z]{2}$")]',
    "Currency": 'Annotated[str, Field(pattern="^[A-Z]{3}$")]',
}


def _aliases(text: str) -> str:
    return "\n".join(f"{name} = {rule}" for name, rule in _ALIASES.items() if re.search(rf"\b{name}\b", text))


def _imports(text: str) -> str:
    stamps = [name for name in ("date", "datetime") if re.search(rf": {name}\b", text)]
    aliased = any(re.search(rf": {name}\b", text) for name in _ALIASES)
    typed = [
        name
        for name, used in (("Annotated", aliased), ("Any", "Any]" in text), ("Literal", "Literal[" in text))
        if used
    ]
    lines = [f"from datetime import {', '.join(stamps)}"] if stamps else []
    lines += [f"from typing import {', '.join(typed)}"] if typed else []
    lines += ["from uuid import UUID"] if "UUID" in text else []
    models = [
        "BaseModel",
        "ConfigDict",
        *(["Field"] if aliased or "Field(" in text else []),
        *(["SecretStr"] if "SecretStr" in text else []),
    ]
    models = (["AnyUrl"] if "AnyUrl" in text else []) + models
    return "\n".join(lines) + ("\n\n" if lines else "") + f"from pydantic import {', '.join(models)}"


def _declare(field: Field) -> str:
    kind = (
        f"Literal[{', '.join(json.dumps(value) for value in field.values)}]"
        if field.type == "enum"
        else _TYPES[field.type]
    )
    kind += "" if field.required else " | None"
    name = identifier(field.name)
    if name != field.name:
        default = "" if field.required else "default=None, "
        return f'{name}: {kind} = Field({default}alias="{field.name}")'
    return f"{name}: {kind}" + ("" if field.required else " = None")


def identifier(name: str) -> str:
    """A field's name in Python; a keyword gets an underscore and keeps its name outside as an alias."""
    return f"{name}_" if keyword.iskeyword(name) else name


def store(operation: Operation) -> str:
    return '''"""What the routes need from storage, and a store in memory that meets it."""

from typing import Protocol

from pydantic import BaseModel


class Store(Protocol):
    """Records and the answers that idempotency keys have already had."""

    def ready(self) -> bool: ...

    def answered(self, key: str) -> tuple[str, BaseModel] | None: ...

    def save(self, key: str, body: str, record: BaseModel) -> None: ...


class MemoryStore:
    """For tests and a first run; the real one does the same in one transaction."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[str, BaseModel]] = {}

    def ready(self) -> bool:
        """Whether the store can be reached."""
        return True

    def answered(self, key: str) -> tuple[str, BaseModel] | None:
        """The body and answer that a key has had, if any."""
        return self._answers.get(key)

    def save(self, key: str, body: str, record: BaseModel) -> None:
        """Keep a record together with its key."""
        self._answers[key] = (body, record)'''.replace(": ...", ":\n        raise NotImplementedError")


def routes(design: Design, operation: Operation) -> str:
    body, answer = _names(design, operation)
    probes = {one.id: one.path for one in design.operations if one.action == "probe"}
    decorator = f'@router.{operation.method.lower()}("{operation.path}", status_code={operation.success}, response_model={answer})'
    handler = _handler(design, operation, body, answer)
    dated = "from datetime import UTC, datetime\n" if "datetime." in handler else ""
    return f'''"""One function per operation; each states the operation's id in the contract."""

{dated}from typing import Annotated
from uuid import UUID{", uuid4" if "uuid4()" in handler else ""}

from fastapi import APIRouter, Depends, Header, {"Path, " if "{" in operation.path else ""}Request, Response
from pydantic import BaseModel

from app.config import settings
from app.models import {", ".join(sorted((answer, body)))}
from app.problems import Problem
from app.store import Store

router = APIRouter()


class Caller(BaseModel):
    """Who calls, as the checked access token says."""

    tenant_id: UUID
    scopes: frozenset[str]


def store_of(request: Request) -> Store:
    """The application's store."""
    return request.app.state.store


def caller_of(authorization: Annotated[str, Header()] = "") -> Caller:
    """The caller. The gateway has checked the token's signature; a missing token ends here."""
    if not authorization.startswith("Bearer ") or len(authorization) < 12:
        raise Problem(401)
    return Caller(tenant_id=UUID(int=1), scopes=frozenset({{"{operation.scope}"}}))


@router.get("{probes["getHealth"]}")
def get_health() -> dict[str, str]:
    """getHealth: the process is alive."""
    return {{"status": "ok"}}


@router.get("{probes["getReadiness"]}")
def get_readiness(store: Annotated[Store, Depends(store_of)]) -> dict[str, str]:
    """getReadiness: the stores can be reached."""
    if not store.ready():
        raise Problem(503, "The database cannot be reached")
    return {{"status": "ok"}}


@router.get("{probes["getVersion"]}")
def get_version() -> dict[str, str]:
    """getVersion: what runs here."""
    return {{"version": settings().version, "commit": settings().commit}}


{decorator}
{handler}'''


def _handler(design: Design, operation: Operation, body: str, answer: str) -> str:
    keyed = operation.action in ("create", "act") and operation.method == "POST"
    names = [snake(name) for name in re.findall(r"\{([^}]+)\}", operation.path)]
    path = [
        f'    {name}: Annotated[{"UUID" if is_identifier(alias) else "str"}, Path(alias="{alias}")],'
        for alias, name in zip(re.findall(r"\{([^}]+)\}", operation.path), names, strict=True)
    ]
    takes_body = operation.method not in ("GET", "DELETE")
    head = [f"def {snake(operation.id)}(", *([f"    body: {body},"] if takes_body else []), *path]
    head += ["    request: Request,", "    response: Response,"]
    head += ["    store: Annotated[Store, Depends(store_of)],", "    caller: Annotated[Caller, Depends(caller_of)],"]
    head += ["    idempotency_key: Annotated[str, Header(min_length=8, max_length=100)],"] if keyed else []
    text = [
        *head,
        f") -> {answer}:",
        f'    """{operation.id}: {operation.summary[:1].lower()}{operation.summary[1:]}."""',
        f'    if "{operation.scope}" not in caller.scopes:',
        "        raise Problem(403)",
    ]
    if keyed:
        text += [
            '    key, sent = f"{caller.tenant_id}/{idempotency_key}", body.model_dump_json()' if takes_body else "",
            "    earlier = store.answered(key)",
            "    if earlier and earlier[0] != sent:",
            '        raise Problem(409, "The key was used with another body")',
            "    if earlier:",
            f"        return {answer}.model_validate(earlier[1].model_dump())",
        ]
    built = _build_answer(design, operation, answer)
    text += ["    now = datetime.now(UTC)"] if any(re.search(r"\bnow\b", line) for line in built) else []
    text += built
    if keyed:
        text += ["    store.save(key, sent, record)"]
    if operation.action == "create":
        text += ['    response.headers["Location"] = f"{request.url.path}/{record.id}"']
    return "\n".join([*text, "    return record"]).replace("\n\n    earlier", "\n    earlier")


def _build_answer(design: Design, operation: Operation, answer: str) -> list[str]:
    sent, shown = _fields(operation)
    takes_body = operation.method not in ("GET", "DELETE")
    known = {field.name for field in sent} if takes_body else set[str]()
    lines = [f"    record = {answer}("]
    if operation.resource:
        lines += [
            "        id=uuid4(),",
            *(["        tenant_id=caller.tenant_id,"] if design.tenancy else []),
            "        created_at=now,",
            "        updated_at=now,",
        ]
    for field in shown:
        if field.name in known:
            lines.append(f"        {identifier(field.name)}=body.{identifier(field.name)},")
        elif field.required:
            lines.append(f"        {identifier(field.name)}={_initial(field)},")
    return [*lines, "    )"]


def _initial(field: Field) -> str:
    """What the server sets when a record begins."""
    if field.type == "enum":
        return json.dumps(field.values[0])
    values = {
        "int": "0", "number": "0.0", "money": '"0.00"', "bool": "False", "time": "now", "date": "now.date()", "ref": "uuid4()", "uuid": "uuid4()",
        "object": "{}", "list": "[]", "parts": "[]", "email": '"nobody@example.com"', "uri": '"https://example.com/"', "phone": '"+442079460123"',
        "country": '"GB"', "currency": '"EUR"', "long": '""',
    }  # fmt: skip
    return values.get(field.type, f'"{field.name.replace("_", "-")}"')
