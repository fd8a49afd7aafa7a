"""Turns a brief and the options into a design: every choice in one place, each with its reason. Pure."""

import re
from dataclasses import replace
from functools import lru_cache

from local.drafts.design.coverage import is_placed
from local.drafts.design.fields import merge, named_fields, usual_fields
from local.drafts.design.model import Design, Field, Level, Resource
from local.drafts.design.operations import decide_operations, is_probe, path_nouns
from local.drafts.design.resources import MOST_RESOURCES, Evidence, find_resources, mentions
from local.drafts.english import capitalise, kebab
from local.drafts.prd.analysis import PrdAnalysis, analyse_prd
from local.drafts.prd.targets import Target
from local.drafts.prd.technology import Technology, database_name
from local.drafts.prompt import Listed, Prompt

ASSUMED_AVAILABILITY = Target("ratio", "Availability", 99.9, "≥ 99.9 %", "", assumed=True)
ASSUMED_LATENCY = Target("latency", "API response", 300.0, "p95 < 300 ms", "", "95", assumed=True)
ASSUMED_LOAD = Target("throughput", "Throughput", 50.0, "50 requests per second", "", assumed=True)
ASSUMED_LIMIT = Target("rate_limit", "Rate limit per client", 20.0, "20 requests per second", "", assumed=True)


def design_backend(prompt: Prompt) -> Design:
    """Design what one prompt's PRD asks for, with the stack and database of its assignment.

    Designs are kept for a while: the agents of a run ask for the same one."""
    asked = prompt.assignment
    name = asked.project or re.sub(r"\.\w+$", "", prompt.prd_name) or "service"
    return _design(prompt.prd, name, asked.stack, asked.database, prompt.requirements)


@lru_cache(maxsize=16)
def _design(prd: str, name: str, stack: str, asked_database: str | None, listed: tuple[Listed, ...]) -> Design:
    analysis = analyse_prd(prd, capitalise(name.replace("-", " ").replace("_", " ")), listed, stack)
    evidence = _evidence(analysis)
    resources = _resources(analysis, evidence)
    database, why = _database(analysis, asked_database)
    hosting, hosting_reason = _hosting(analysis)
    operations = decide_operations(analysis, resources, evidence)
    style, style_reason = _style(analysis, len(resources))
    design = Design(
        project=kebab(name) or "service",
        analysis=analysis,
        stack=stack,
        database=database,
        database_reason=why,
        resources=resources,
        operations=operations,
        levels=_levels(analysis),
        limits=tuple(one for one in analysis.targets if one.measure in ("size", "duration")),
        loads=tuple(one for one in analysis.targets if one.measure == "throughput") or (ASSUMED_LOAD,),
        rate_limit=next((one for one in analysis.targets if one.measure == "rate_limit"), ASSUMED_LIMIT),
        broker=_broker(analysis),
        cache=_named(analysis, "cache", database),
        partners=_partners(analysis),
        identity=tuple(one for one in analysis.technologies if one.part == "identity"),
        tenancy=analysis.says(r"multi-?tenan|\btenan(t|cy)"),
        platform=hosting,
        hosting_reason=hosting_reason,
        style=style,
        style_reason=style_reason,
    )
    return replace(design, unplaced=tuple(one for one in analysis.requirements if not is_placed(one, design)))


def _evidence(analysis: PrdAnalysis) -> tuple[Evidence, ...]:
    nouns = path_nouns(one for one in analysis.endpoints if not is_probe(one.path))
    found = find_resources(analysis.statements, analysis.title, nouns)
    found = tuple(one for one in found if one.noun in nouns or not _is_excluded(one, analysis))
    if analysis.says(r"multi-?tenan|tenant_id"):
        found = tuple(one for one in found if one.noun != "tenant" or "tenant" in nouns)
    if any(one.name in ("OIDC", "OAuth 2.0") for one in analysis.technologies):
        found = tuple(one for one in found if one.noun not in ("claim", "identifier", "profile") or one.noun in nouns)
    if analysis.endpoints and not analysis.says(r"webhook"):
        found = tuple(one for one in found if one.noun != "endpoint" or one.noun in nouns)
    top = max((one.score for one in found), default=0.0)
    found = tuple(one for one in found if one.noun != "event" or one.score > top / 3)
    return found[:MOST_RESOURCES] or (
        Evidence(_fallback_noun(analysis.title), requirements=[one.id for one in analysis.requirements[:5]]),
    )


def _is_excluded(one: Evidence, analysis: PrdAnalysis) -> bool:
    """Whether a thing is ruled out: a short exclusion opens with it, and nothing is to be done with it."""
    if one.verbs or one.actions:
        return False
    openings = (each.text for each in analysis.non_goals if len(each.text.split()) <= 12)
    return any(noun == one.noun for text in openings for at, noun in mentions(text)[:2] if at < 30)


def _fallback_noun(title: str) -> str:
    """A noun from the title, for a PRD that says nothing else."""
    words = [word.lower() for word in re.findall(r"[A-Za-z]{3,}", title)]
    plain = [word for word in words if word not in ("the", "service", "system", "platform", "app", "api", "prd")]
    return plain[0] if plain else "record"


def _resources(analysis: PrdAnalysis, evidence: tuple[Evidence, ...]) -> tuple[Resource, ...]:
    nouns = tuple(one.noun for one in evidence)
    named = named_fields(analysis.requirements, nouns)
    own = {noun: merge(usual_fields(noun, nouns), named.get(noun, ())) for noun in nouns}
    return tuple(
        Resource(
            one.noun, own[one.noun] + _parts(one.noun, own, path_nouns(analysis.endpoints)), tuple(one.requirements)
        )
        for one in evidence
    )


def _parts(noun: str, own: dict[str, tuple[Field, ...]], addressed: tuple[str, ...]) -> tuple[Field, ...]:
    """The lines of a thing, sent with it: where `order line` exists and no path leads to it."""
    lines = own.get(f"{noun} line", ())
    if not lines or f"{noun} line" in addressed:
        return ()
    parts = tuple(field for field in lines if field.name != f"{noun}_id")
    return (Field("lines", "parts", parts=parts),)


def _database(analysis: PrdAnalysis, asked: str | None) -> tuple[str, str]:
    if asked:
        return database_name(asked), "asked for in the run's options"
    if named := _named(analysis, "database"):
        return named, "named in the PRD"
    if analysis.says(r"\b(?:store[sd]?|state|data|sessions?)\b.{0,60}\bredis\b|\bredis for\b"):
        return "Redis", "the PRD keeps its state there and names no other store"
    return "PostgreSQL", "the PRD names none; a relational store fits its linked records and needs no new skill"


def _partners(analysis: PrdAnalysis) -> tuple[Technology, ...]:
    """The partners named; a general word such as SMS gives way to the product that does it."""
    named = [one for one in analysis.technologies if one.part == "partner"]
    products = {one.use for one in named if one.name not in ("SMS", "SMTP")}
    return tuple(one for one in named if one.name not in ("SMS", "SMTP") or one.use not in products)


def _named(analysis: PrdAnalysis, part: str, *but: str) -> str | None:
    wanted = (one for one in analysis.technologies if one.part == part and one.use != "file storage")
    return next((one.name for one in wanted if one.name not in but), None)


def _broker(analysis: PrdAnalysis) -> str | None:
    """The broker the PRD names; a queue of the platform where it speaks of events or waiting work."""
    named = [one.name for one in analysis.technologies if one.part == "broker" and one.name != "MQTT"]
    if named:
        return named[0]
    wants = r"\bevents?\b|queue|asynchron|webhook|notif|background|\be-?mails? (?:when|is|are|to)|\bby e-?mail|reminder"
    return "Azure Service Bus" if analysis.says(wants) else None


def _hosting(analysis: PrdAnalysis) -> tuple[str, str]:
    if any(one.name == "Kubernetes" for one in analysis.technologies):
        return "Azure Kubernetes Service", "the PRD names Kubernetes"
    return "Azure Container Apps", "containers with scale-out and revisions, and no cluster to run"


def _style(analysis: PrdAnalysis, resources: int) -> tuple[str, str]:
    if analysis.says(r"microservice"):
        return "microservices", "the PRD asks for them"
    if analysis.says(r"\bworkers?\b|ingest|\bqueue") and resources > 1:
        reason = "requests and background work scale differently, so they run as an API and a worker of one code base"
        return "modular monolith with a separate worker", reason
    if resources <= 2:
        return "single service", "the domain is small, and a split would add only calls between its halves"
    return "modular monolith", "one team and one release; modules keep the boundaries along which it can split later"


def _levels(analysis: PrdAnalysis) -> tuple[Level, ...]:
    """The service levels, the PRD's own first; availability and latency are assumed where it has none."""
    ratios = [one for one in analysis.targets if one.measure == "ratio"] or [ASSUMED_AVAILABILITY]
    latencies = [one for one in analysis.targets if one.measure == "latency"] or [ASSUMED_LATENCY]
    return tuple(Level(f"SLO-{number}", target) for number, target in enumerate([*ratios, *latencies][:8], start=1))


def technology_names(technologies: tuple[Technology, ...]) -> str:
    """Names in a row, for prose."""
    return ", ".join(one.name for one in technologies)
