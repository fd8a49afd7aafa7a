"""What the agents did: how long each worked, in which phase, with which tokens and at what cost. Pure.

A run records how long the calls of an agent took, not when each began; phases follow each other, and the calls of a
phase run side by side, so that is how the bars are laid out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.formats.openapi_objects import mapping, sequence, text_of
from shared.pack.report.markup import Html, counted, el, join, table, text
from shared.pack.report.verdict import Manifest


@dataclass(frozen=True)
class Work:
    """One planned call: when its bar begins and how long it is, in seconds, and what it took."""

    key: str
    title: str
    phase: int
    begin: float
    seconds: float
    usage: Mapping[str, Any]
    cost: object
    model: str
    deliverable: Mapping[str, Any]


def timeline(manifest: Manifest) -> Html:
    """The bars, and the accounts behind them."""
    works = _works(manifest)
    if not works:
        return el("p", "No agent has worked.")
    whole = max((one.begin + one.seconds for one in works), default=0.0) or 1.0
    bars = join(_bar(one, whole) for one in works)
    note = (
        "Phases follow each other, and the agents of a phase work side by side. A bar is the time that an agent's "
        "calls took, revisions included; waiting between them is not recorded."
    )
    return join((el("ol", bars, cls="bars"), el("p", note, cls="note"), _accounts(manifest, works)))


def _works(manifest: Manifest) -> list[Work]:
    accounts = {text_of(one.get("key")): one for one in map(mapping, sequence(_accounting(manifest).get("calls")))}
    documents = {text_of(one.get("agent")): one for one in map(mapping, sequence(manifest.get("deliverables")))}
    works: list[Work] = []
    begin = 0.0
    for phase in map(mapping, sequence(mapping(manifest.get("plan")).get("phases"))):
        number = int(phase.get("number") or 0)
        here = [_work(text_of(agent), number, begin, accounts, documents) for agent in sequence(phase.get("agents"))]
        begin += max((one.seconds for one in here), default=0.0)
        works += here
    return works


def _work(agent: str, phase: int, begin: float, accounts: Mapping[str, Any], documents: Mapping[str, Any]) -> Work:
    document = mapping(documents.get(agent))
    task = "draft" if document else "setup" if phase == 1 else "synthesis"
    key = agent if document else f"{agent}:{task}"
    account = mapping(accounts.get(key))
    usage = mapping(account.get("usage"))
    title = text_of(document.get("title")) or f"{agent.capitalize()}, {task}"
    seconds = float(usage.get("seconds") or 0)
    return Work(
        key, title, phase, begin, seconds, usage, account.get("cost_usd"), text_of(account.get("model")), document
    )


def _accounting(manifest: Manifest) -> Mapping[str, Any]:
    return mapping(manifest.get("accounting"))


def _bar(work: Work, whole: float) -> Html:
    state, tone = _state(work)
    drawn = Html(
        '<svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<rect x="{1000 * work.begin / whole:.0f}" y="0" width="{max(4, 1000 * work.seconds / whole):.0f}" height="10"'
        f' rx="2" class="{tone}"/></svg>'
    )
    return el("li", el("span", work.title, cls="who"), el("span", drawn, cls="track"),
              el("span", f"{_duration(work.seconds)} · {state}", cls="what"))  # fmt: skip


def _state(work: Work) -> tuple[str, str]:
    if not work.deliverable:
        return ("done", "good") if work.usage else ("not reached", "none")
    state = text_of(work.deliverable.get("state"))
    if state != "done":
        return state.replace("_", " "), "none"
    revised = int(work.deliverable.get("revisions") or 0)
    words = f"revised {counted(revised, 'time')}" if revised else "passed at once"
    if work.deliverable.get("passed") is False:
        return (f"{words}, failing" if revised else "failing"), "bad"
    return words, "good"


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


def _accounts(manifest: Manifest, works: list[Work]) -> Html:
    head = ("agent", "phase", "model", "read", "from cache", "written", "attempts", "cost")
    rows: list[tuple[object, ...]] = [
        (one.title, one.phase, text(one.model), *_tokens(one.usage), _money(one.cost)) for one in works if one.usage
    ]
    whole = mapping(_accounting(manifest).get("total"))
    rows.append(("All calls", "", text(""), *_tokens(whole), _money(_accounting(manifest).get("total_cost_usd"))))
    return table(head, rows, "What each agent took", "accounts")


def _tokens(usage: Mapping[str, Any]) -> tuple[str, str, str, str]:
    read = sum(int(usage.get(name) or 0) for name in ("input_tokens", "cache_write_tokens", "cache_read_tokens"))
    cached = int(usage.get("cache_read_tokens") or 0)
    share = f"{100 * cached / read:.0f} %" if read else ""
    return f"{read:,}", share, f"{int(usage.get('output_tokens') or 0):,}", f"{int(usage.get('attempts') or 0):,}"


def _money(cost: object) -> str:
    return f"${cost:,.4f}" if isinstance(cost, int | float) else "unknown"
