"""Decides the operations of the contract: those the PRD names, or else what its verbs ask for. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from local.drafts.design.fields import guess, identifiers, listed_fields
from local.drafts.design.model import Action, Field, Operation, Resource
from local.drafts.design.resources import MEANINGS, Evidence, canonical
from local.drafts.english import article, camel, capitalise, kebab, pascal, plural, singular, split_words
from local.drafts.prd.analysis import Endpoint, PrdAnalysis

ENOUGH_NAMED = 3
_PROBES = (
    ("getHealth", "/health", "Say whether the process is alive"),
    ("getReadiness", "/ready", "Say whether the service can take traffic"),
    ("getVersion", "/version", "Name the running version"),
)
_PROBE_PATH = re.compile(r"^/(healthz?|live|livez|ready|readyz|readiness|version|metrics|ping|status)$")
_VERB_SEGMENTS = re.compile(
    r"^(cancel|approve|reject|replay|retry|revoke|confirm|ship|pay|refund|assign|archive|publish|acknowledge|"
    r"resolve|close|reopen|complete|suspend|activate|capture|return|rotate|resend|release|check-in|transfer|search|"
    r"register|login|logout|verify|validate|reschedule|decode|encode|export|import)$"
)


def is_probe(path: str) -> bool:
    """Whether a path is for operators and machines, not for the domain."""
    return bool(_PROBE_PATH.match(path))


def path_nouns(endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
    """The things that named paths are about: `/v1/orders/{id}/cancel` is about an order."""
    return tuple(dict.fromkeys(noun for one in endpoints if (noun := _noun_of(one.path))))


def decide_operations(
    analysis: PrdAnalysis, resources: tuple[Resource, ...], evidence: tuple[Evidence, ...]
) -> tuple[Operation, ...]:
    """The whole contract, probes last. Ids and (method, path) pairs are unique."""
    named = [one for one in analysis.endpoints if not is_probe(one.path)]
    found = list(_named_operations(named, resources, analysis))
    if len(named) < ENOUGH_NAMED:
        covered = {one.resource.noun for one in found if one.resource}
        prefix = _prefix(named)
        for resource in resources:
            if resource.noun not in covered:
                one = next((one for one in evidence if one.noun == resource.noun), Evidence(resource.noun))
                found += _usual_operations(resource, one, prefix)
    probes = _probe_operations(analysis.endpoints)
    return tuple(_cite(one, analysis) for one in _unique([*found, *probes]))


def _cite(one: Operation, analysis: PrdAnalysis) -> Operation:
    """The requirements an operation meets: those naming its path, then those joining its thing and its verb."""
    if one.resource is None:
        return one
    paths = [endpoint for endpoint in analysis.endpoints if (endpoint.method, endpoint.path) == (one.method, one.path)]
    naming = tuple(identifier for endpoint in paths for identifier in endpoint.requirements)
    last = one.path.rstrip("/").rsplit("/", 1)[-1].replace("-", "[ -]")
    verbs = MEANINGS.get(one.action, rf"{last.rstrip('e')}")
    about = set(one.resource.requirements)
    asked = [
        each.id for each in analysis.requirements if each.id in about and re.search(rf"\b(?:{verbs})", each.text, re.I)
    ]
    asked = [each for each in asked if each not in naming][: 3 if naming else 5]
    return replace(one, requirements=(*naming, *asked) or one.resource.requirements[:2])


def _prefix(named: list[Endpoint]) -> str:
    for one in named:
        if version := re.match(r"^(/api)?/v\d+", one.path):
            return version[0]
    return "" if named else "/v1"


def _noun_of(path: str) -> str | None:
    """The noun of the last collection in a path, or None for a bare verb or protocol path."""
    segments = [part for part in path.split("/") if part and not re.fullmatch(r"api|v\d+", part)]
    names = [part for part in segments if not part.startswith("{") and not _VERB_SEGMENTS.match(part)]
    if not names or "." in names[-1]:
        return None
    noun = " ".join(split_words(names[-1]))
    known = canonical(noun)
    is_collection = singular(noun) != noun or "{" in path
    if known and (is_collection or known != "identifier"):
        return known
    return singular(noun) if is_collection else None


def _named_operations(
    named: list[Endpoint], resources: tuple[Resource, ...], analysis: PrdAnalysis
) -> Iterator[Operation]:
    by_noun = {resource.noun: resource for resource in resources}
    for one in named:
        resource = by_noun.get(_noun_of(one.path) or "")
        action = _action(one, resource)
        if resource is None or action == "call":
            yield _call(one, analysis)
        else:
            yield _about(resource, action, one)


def _action(one: Endpoint, resource: Resource | None) -> Action:
    last = one.path.rstrip("/").rsplit("/", 1)[-1]
    if resource is None:
        return "call"
    if last.startswith("{"):
        actions: dict[str, Action] = {"GET": "read", "DELETE": "delete", "PUT": "update", "PATCH": "update"}
        return actions.get(one.method, "act")
    if _VERB_SEGMENTS.match(last):
        return "act" if "{" in one.path and one.method != "GET" else "call"
    if one.method == "GET":
        return "list" if singular(last) != last or canonical(last) is None else "read"
    return "create" if one.method == "POST" else "update"


def _about(resource: Resource, action: Action, one: Endpoint) -> Operation:
    """A named endpoint on a resource."""
    last = one.path.rstrip("/").rsplit("/", 1)[-1]
    verb = " ".join(split_words(last)) if action == "act" and not last.startswith("{") else _VERBS[action]
    noun = resource.plural if action == "list" else resource.noun
    parent = _parent(one.path, resource)
    name = camel(f"{verb} {parent} {noun}")
    summary = capitalise(one.purpose) or _sentence(verb, resource, action)
    tag = capitalise(resource.plural)
    return Operation(
        name,
        one.method,
        one.path,
        summary,
        action,
        tag,
        resource,
        requirements=one.requirements or resource.requirements[:3],
    )


_VERBS: dict[Action, str] = {
    "list": "list",
    "create": "create",
    "read": "get",
    "update": "update",
    "delete": "delete",
    "act": "change",
}


def _parent(path: str, resource: Resource) -> str:
    """The collection above, when a path nests: `/orders/{id}/lines` -> `order`."""
    above = re.findall(r"/([a-z][\w-]*)/\{[^}]+\}/", path)
    nouns = [canonical(" ".join(split_words(part))) or singular(part) for part in above]
    others = [noun for noun in nouns if noun != resource.noun]
    return others[-1] if others else ""


def _sentence(verb: str, resource: Resource, action: Action) -> str:
    if action == "list":
        return f"List {resource.plural}"
    return f"{capitalise(verb)} {article(resource.noun)} {resource.noun}"


def _usual_operations(resource: Resource, evidence: Evidence, prefix: str) -> Iterator[Operation]:
    """List and read always; the rest as far as the PRD's verbs ask for it."""
    wanted = evidence.verbs or {"create"}
    derived = resource.noun in ("audit log", "delivery", "dead letter", "alert", "stock level", "balance")
    base, item = f"{prefix}/{resource.slug}", f"{prefix}/{resource.slug}/{{{camel(resource.noun)}Id}}"
    yield _about(resource, "list", Endpoint("GET", base, "", resource.requirements[:4]))
    if not derived or "create" in evidence.verbs:
        yield _about(resource, "create", Endpoint("POST", base, "", resource.requirements[:4]))
    yield _about(resource, "read", Endpoint("GET", item, "", resource.requirements[:3]))
    if "update" in wanted:
        yield _about(resource, "update", Endpoint("PATCH", item, "", resource.requirements[:3]))
    if "delete" in wanted:
        yield _about(resource, "delete", Endpoint("DELETE", item, "", resource.requirements[:3]))
    for action in _actions(resource, evidence):
        endpoint = Endpoint("POST", f"{item}/{kebab(action)}", "", resource.requirements[:3])
        yield _about(resource, "act", endpoint)


def _actions(resource: Resource, evidence: Evidence) -> list[str]:
    """Verbs that the PRD uses on the thing and that are not just another word for creating it."""
    natural = {"dead letter": ["replay"], "alert": ["acknowledge"]}.get(resource.noun, [])
    created = {"publish": ("event", "message"), "return": (resource.noun,), "complete": ("identifier",)}
    asked = [one for one in evidence.actions if resource.noun not in created.get(one, ())]
    return list(dict.fromkeys([*natural, *asked]))[:3]


def _call(one: Endpoint, analysis: PrdAnalysis) -> Operation:
    """A named endpoint that is a verb or a protocol step: its fields are those the PRD names with it."""
    segments = [
        part for part in one.path.split("/") if part and not re.fullmatch(r"api|v\d+|\{.*\}|\.well-known", part)
    ]
    name = " ".join(word for part in segments for word in split_words(part)) or "root"
    verb = "get" if one.method == "GET" else "" if _VERB_SEGMENTS.match(segments[-1] if segments else "") else "request"
    sent, returned = _call_fields(one, analysis)
    summary = capitalise(one.purpose) or capitalise(f"{verb} {name}".strip())
    tag = capitalise(plural(name.split()[0]) if len(name.split()) > 1 and "{" in one.path else "Protocol")
    asked = {field.name: field for field in (*map(guess, one.parameters), *sent)}
    query = tuple(asked.values()) if one.method == "GET" else tuple(map(guess, one.parameters))
    body = () if one.method in ("GET", "DELETE") else sent or (Field("input", "text"),)
    redirects = one.method == "GET" and _redirects(one, analysis)
    answer = () if redirects else returned or (Field("status", "text"), Field("processed_at", "time"))
    identifier = camel(f"{verb} {name}")
    return Operation(
        identifier, one.method, one.path, summary, "call", tag, None, body, answer, query, one.requirements, redirects
    )


def _redirects(one: Endpoint, analysis: PrdAnalysis) -> bool:
    """Whether the good answer sends the caller on: the PRD says so, or OAuth does (RFC 6749, section 4.1.2)."""
    if one.path.endswith("/authorize"):
        return True
    naming = [each for each in analysis.requirements if each.id in one.requirements]
    blocks = {each.block for each in naming}
    beside = (each.text for each in analysis.requirements if each.block in blocks)
    said = [each.text.partition(one.path)[2] for each in naming]
    return any(re.search(r"\bredirects?\b", text, re.I) for text in said) or (
        len(naming) == 1 and any(re.match(r"(?:then )?redirects?\b", text, re.I) for text in beside)
    )


def _call_fields(one: Endpoint, analysis: PrdAnalysis) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    """What is sent and what comes back, from the requirements that name the path and those beside them."""
    naming = [requirement for requirement in analysis.requirements if requirement.id in one.requirements]
    blocks = {requirement.block for requirement in naming}
    sent: dict[str, Field] = {}
    returned: dict[str, Field] = {}
    for requirement in analysis.requirements:
        if requirement in naming:
            before, _, after = requirement.text.partition("return")
            _add(sent, before)
            _add(returned, after)
        elif requirement.block in blocks and re.match(r"returns?\b", requirement.text, re.IGNORECASE):
            _add(returned, requirement.text)
    only_sent = tuple(field for name, field in sent.items() if name not in returned or field.values)
    return _optional(only_sent, len(naming)), tuple(returned.values())


def _add(fields: dict[str, Field], text: str) -> None:
    for field in (*listed_fields(text), *(guess(name) for name in identifiers(text))):
        known = fields.get(field.name)
        if known and known.type == "enum" and field.type == "enum":
            values = tuple(dict.fromkeys(known.values + field.values))
            fields[field.name] = Field(field.name, "enum", known.required, values)
        elif (
            known is None
            and not re.search(r"_(credentials|code_flow)$", field.name)
            and not _is_value(field.name, fields)
        ):
            fields[field.name] = field


def _is_value(name: str, fields: dict[str, Field]) -> bool:
    return any(name in field.values for field in fields.values() if name != "refresh_token")


def _optional(fields: tuple[Field, ...], naming: int) -> tuple[Field, ...]:
    """With several ways to call, only the field that tells them apart is always required."""
    if naming < 2 or not any(field.values for field in fields):
        return fields
    return tuple(Field(one.name, one.type, bool(one.values), one.values, one.requirements) for one in fields)


def _probe_operations(endpoints: tuple[Endpoint, ...]) -> Iterator[Operation]:
    """Health, readiness and version, at the PRD's own path where it names one."""
    own = {"getHealth": r"/(healthz?|livez?)$", "getReadiness": r"/(readyz?|readiness)$", "getVersion": r"/version$"}
    for name, path, summary in _PROBES:
        named = next((one for one in endpoints if re.fullmatch(own[name], one.path)), None)
        yield Operation(
            name,
            "GET",
            named.path if named else path,
            summary,
            "probe",
            "Operations",
            requirements=named.requirements if named else (),
        )


def _unique(operations: list[Operation]) -> Iterator[Operation]:
    """Drop repeated (method, path) pairs, and number repeated ids."""
    places, ids = set[tuple[str, str]](), dict[str, int]()
    for one in operations:
        place = (one.method, re.sub(r"\{[^}]*\}", "{}", one.path))
        if place in places:
            continue
        places.add(place)
        ids[one.id] = ids.get(one.id, 0) + 1
        number = ids[one.id]
        yield one if number == 1 else replace(one, id=f"{one.id}By{pascal(one.method.lower())}{number}")
