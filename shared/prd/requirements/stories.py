"""Which headings name a story, an epic or a scenario, and which hold its criteria. Pure."""

import re

_NAME = re.compile(
    r"^(?:user[- ]?story|story|epic|scenario|use case|anwenderstory|szenario|historia(?: de usuario)?|"
    r"história(?: de usuário)?|récit(?: utilisateur)?|scénario|escenario|cenário|cerita pengguna|skenario|"
    r"用户故事|ユーザーストーリー)(?:(?:\s*#?\s*\d[\d.]*[a-z]?)?\s*[:：.–—-]\s*\S|\s*#?\s*\d[\d.]*[a-z]?(?:\s|$))",
    re.IGNORECASE,
)
_SCENARIO = re.compile(r"^(?:scenario|szenario|scénario|escenario|cenário|skenario)\b", re.IGNORECASE)
_STEMS = re.compile(r"(?:US|STORY|HU|EPIC|EP|UC)(?=[-_. \d])")
_CRITERIA = re.compile(
    r"^(?:acceptance(?: criteri(?:a|on)| tests?)?|acs?|criteria|scenarios?|done when|conditions of satisfaction|"
    r"akzeptanzkriterien|abnahmekriterien|critères d'acceptation|criterios de aceptación|critérios de aceitação|"
    r"criteri di accettazione|acceptatiecriteria|kriteria penerimaan|критерии приемки|验收标准|驗收標準|受け入れ基準|"
    r"수용 기준)\b|^(?:验收标准|驗收標準|受け入れ基準)",
    re.IGNORECASE,
)


def names_story(title: str, source: str | None) -> bool:
    """Whether a heading names what stands below it: `Story 1: Make a link`, `US-101`, `Epic 2`, `Scenario: ...`."""
    return bool(_NAME.match(title) or (source and _STEMS.match(source)))


def names_scenario(title: str) -> bool:
    """Whether a heading names a scenario, which belongs to the story above it."""
    return bool(_SCENARIO.match(title))


def holds_criteria(title: str) -> bool:
    """Whether a heading or label stands above the criteria or scenarios of the story before it."""
    return bool(_CRITERIA.match(title) or _SCENARIO.match(title))
