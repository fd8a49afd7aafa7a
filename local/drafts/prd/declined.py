"""Which requirements no backend design meets, and why. Data and one lookup. Pure."""

import re

_STACKS = {"python": "Python 3.13", "csharp": "C# on .NET 10"}
_OTHERS = "java go golang rust kotlin ruby php elixir scala node.js nodejs node typescript"
_LANGUAGES = {
    **dict.fromkeys(_OTHERS.split(), "another"),
    **dict.fromkeys(("c#", ".net", "asp.net"), "csharp"),
    "python": "python",
}
_WRITTEN_IN = re.compile(
    r"\b(?:written|built|implemented|developed|coded|runs?|running)\b[^.;]{0,30}?\b(?:in|on|with|using)\s+"
    r"([\w.#]+(?:\.js)?)|^([\w.#]+) (?:runtime environment|runtime|sdk|jdk)\b|"
    r"^(?:programming )?languages?: ([\w.#]+)",
    re.IGNORECASE,
)
_REASONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        (
            r"\b(?:screens?|user interface|front-?end|web ?pages?|web app|mobile apps?|native apps?|pwa|responsive|"
            r"dark mode|next\.?js|react|vue|angular|landing page|css|tailwind|wireframes?|drop-?downs?|modal|tooltips?|"
            r"drag[- ]and[- ]drop|(?:builder|admin|web) ui|ui components?|live dashboards?|widgets?)\b",
            "it asks for a user interface; the API that a screen would call is designed, the screen is not",
        ),
        (
            r"\b(?:trainings? (?:material|session|course)s?|workshops?|tutorials?|readme|user manuals?|blog posts?|"
            r"onboarding (?:guide|document)s?|demo video|presentation|slides?|runbooks? (?:is|are) written)\b",
            "it is about documents and training, not about what the service does",
        ),
        (
            r"\b(?:hackathon|marketing|pricing page|press release|hire|hiring|sprint \d|code reviews?|"
            r"pull request template)\b",
            "it is about how the team works, not about what the service does",
        ),
        (
            r"^\S+(?::| -) \d[\d.]*(?:, ?\w+: ?\d+)?$",
            "it shows an example of data and asks for nothing",
        ),
    )
)
_NOT_A_SCREEN = re.compile(r"\b(?:grafana|kibana|azure monitor|swagger|openapi)\b", re.IGNORECASE)
_ROLE = re.compile(r"^as an? [^,]{2,80},\s*", re.IGNORECASE)
UNPLACED = "no thing, operation or mechanism of this draft matches its words; a designer has to place it"
UNUSED_MEANS = "it fixes a means of building the service, and nothing in this draft depends on it"


def reason_to_decline(text: str, stack: str) -> str | None:
    """Why a backend design with this stack leaves a requirement out, or None where it is to be designed."""
    text = _ROLE.sub("", text)
    if written := _WRITTEN_IN.search(text):
        language = next(filter(None, written.groups())).lower().rstrip(".")
        if _LANGUAGES.get(language, stack) != stack:
            return f"the stack of this run is {_STACKS.get(stack, stack)}"
    for pattern, reason in _REASONS:
        if pattern.search(text) and not _NOT_A_SCREEN.search(text):
            return reason
    return None
