"""Prints docs/settings.md."""

from shared.settings.environment import as_markdown

print(as_markdown(), end="")
