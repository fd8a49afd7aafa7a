"""The agents as data, one Markdown file each in this folder, and how what is sent to Claude is composed. Pure.

May use prd, contracts and errors. `models` says which model answers for which agent.
"""

from shared.agents.agent_files import Catalogue, RevisionPrompt, catalogue
from shared.agents.models import TIERS, ModelFacts, ModelSettings, conflicts, facts_of
from shared.agents.prompts import (
    CHARACTERS_PER_TOKEN,
    SMALLEST_CACHED_TOKENS,
    Assignment,
    Prompt,
    Reading,
    Revision,
    Text,
    compose,
    estimated_tokens,
    fingerprint,
    prefix,
    reading_of,
    saves_tokens,
)

__all__ = [
    "CHARACTERS_PER_TOKEN",
    "SMALLEST_CACHED_TOKENS",
    "TIERS",
    "Assignment",
    "Catalogue",
    "ModelFacts",
    "ModelSettings",
    "Prompt",
    "Reading",
    "Revision",
    "RevisionPrompt",
    "Text",
    "catalogue",
    "compose",
    "conflicts",
    "estimated_tokens",
    "facts_of",
    "fingerprint",
    "prefix",
    "reading_of",
    "saves_tokens",
]
