"""The data of a design, which all documents render: resources, operations, service levels and choices."""

import re
from dataclasses import dataclass
from typing import Literal

from local.drafts.english import kebab, pascal, plural, snake
from local.drafts.prd.analysis import PrdAnalysis, Requirement
from local.drafts.prd.declined import UNPLACED, UNUSED_MEANS
from local.drafts.prd.targets import Target
from local.drafts.prd.technology import Technology

type Type = Literal[
    "text", "long", "uuid", "ref", "int", "number", "money", "bool", "time", "date", "email", "uri", "phone",
    "country", "currency", "object", "list", "secret", "enum", "parts",
]  # fmt: skip
_BEFORE_SIGN_IN = re.compile(
    r"/\.well-known|/(?:oauth2?/)?(?:token|authorize|jwks(?:\.json)?|login|signin|sign-in|callback)$"
)
type Action = Literal["list", "create", "read", "update", "delete", "act", "call", "probe"]


@dataclass(frozen=True)
class Field:
    """A property of a resource or a parameter of an operation.

    `values` are an enumeration's; `parts` are the fields of each entry, for the type of that name."""

    name: str
    type: Type
    required: bool = True
    values: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    parts: tuple["Field", ...] = ()

    @property
    def stored_apart(self) -> bool:
        """Whether its entries are records of another resource, not a value of this one."""
        return self.type == "parts"

    @property
    def personal(self) -> bool:
        """Whether it holds data about a person."""
        by_name = ("full_name", "date_of_birth", "address", "line1", "display_name", "medication", "latitude")
        return self.type in ("email", "phone") or self.name in by_name


@dataclass(frozen=True)
class Resource:
    """A thing the service keeps. `noun` is its lower-case singular; the rest of its names follow from it."""

    noun: str
    fields: tuple[Field, ...]
    requirements: tuple[str, ...]

    @property
    def name(self) -> str:
        """Schema and class name: `AlertRule`."""
        return pascal(self.noun)

    @property
    def plural(self) -> str:
        """Lower-case plural, as prose has it."""
        return plural(self.noun)

    @property
    def slug(self) -> str:
        """Path segment: `alert-rules`."""
        return kebab(self.plural)

    @property
    def table(self) -> str:
        """Table or collection name: `alert_rules`."""
        return snake(self.plural)


@dataclass(frozen=True)
class Operation:
    """One operation of the contract. `resource` is the noun it is about, if any; fields are for calls."""

    id: str
    method: str
    path: str
    summary: str
    action: Action
    tag: str
    resource: Resource | None = None
    body: tuple[Field, ...] = ()
    answer: tuple[Field, ...] = ()
    query: tuple[Field, ...] = ()
    requirements: tuple[str, ...] = ()
    redirects: bool = False

    @property
    def open(self) -> bool:
        """Whether it needs no access token: probes, and the steps by which callers come by one."""
        return self.action == "probe" or bool(_BEFORE_SIGN_IN.search(self.path))

    @property
    def success(self) -> int:
        """The status of a good answer."""
        return 302 if self.redirects else {"create": 201, "delete": 204}.get(self.action, 200)

    @property
    def scope(self) -> str:
        """The permission it asks for."""
        verb = "read" if self.method in ("GET", "HEAD") else "write"
        return f"{kebab(self.tag)}:{verb}"

    @property
    def errors(self) -> tuple[int, ...]:
        """The error statuses it documents, besides `default`."""
        if self.action == "probe":
            return (503,) if "ready" in self.path else ()
        codes = {400, 401, 403, 429, 500} if not self.open else {429, 500}
        codes |= {400, 401} if self.open and (self.query or self.body) else set[int]()
        codes |= {404} if "{" in self.path else set[int]()
        codes |= {409, 422} if self.action in ("create", "update", "act") else set[int]()
        codes |= {422} if self.action == "call" and self.method != "GET" else set[int]()
        return tuple(sorted(codes))


@dataclass(frozen=True)
class Level:
    """A service level objective: the target, its number and a stable id that all documents use."""

    id: str
    target: Target


@dataclass(frozen=True)
class Design:
    """One PRD with one set of options, designed."""

    project: str
    analysis: PrdAnalysis
    stack: str
    database: str
    database_reason: str
    resources: tuple[Resource, ...]
    operations: tuple[Operation, ...]
    levels: tuple[Level, ...]
    limits: tuple[Target, ...]
    loads: tuple[Target, ...]
    rate_limit: Target
    broker: str | None
    cache: str | None
    partners: tuple[Technology, ...]
    identity: tuple[Technology, ...]
    tenancy: bool
    platform: str
    hosting_reason: str
    style: str
    style_reason: str
    unplaced: tuple[Requirement, ...] = ()

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """The requirements that this design meets."""
        missing = {one.id for one in self.unplaced}
        return tuple(one for one in self.analysis.requirements if one.id not in missing)

    @property
    def declined(self) -> tuple[tuple[Requirement, str], ...]:
        """The requirements that it does not meet, each with the reason, in the PRD's order."""
        put_off = [(one, "the PRD puts it off to a later version") for one in self.analysis.later if one.id]
        unplaced = [(one, UNUSED_MEANS if one.kind == "constraint" else UNPLACED) for one in self.unplaced]
        return tuple(sorted([*self.analysis.declined, *put_off, *unplaced], key=lambda pair: pair[0].id))

    @property
    def title(self) -> str:
        """The product's name, as the PRD gives it."""
        return self.analysis.title

    @property
    def business(self) -> tuple[Operation, ...]:
        """The operations that are not probes."""
        return tuple(one for one in self.operations if one.action != "probe")

    @property
    def events(self) -> tuple[tuple[str, Resource], ...]:
        """Domain events, (name, resource), of every resource that can be created or changed."""
        changed = {"create": "created", "update": "updated", "delete": "deleted"}
        pairs = [(one, changed[one.action]) for one in self.operations if one.action in changed and one.resource]
        return tuple((f"{kebab(op.resource.noun)}.{past}", op.resource) for op, past in pairs if op.resource)
