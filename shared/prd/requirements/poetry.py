"""Tells verse from prose: a poem asks for nothing, however its lines read one by one. Pure."""

import re

LEAST_LINES = 4
LONGEST_LINE = 70
"""Characters of a line of verse; prose is broken later, or not at all."""
MOST_WHOLE, LEAST_GO_ON = 2 / 3, 1 / 5
"""Shares of lines that end their sentence, and that end where it goes on."""
_STRUCTURE = re.compile(r"[ \t]*(?:#{2,6}[ \t]|[-*+•][ \t]|\d{1,3}[.)][ \t]|\||`{3}|~{3}|[A-Z]{1,5}-?\d)")
_CLOSING = "\"'»”’“)*_ \t"
_WHOLE = (".", "!", "?", "。", "！", "？")
_GOES_ON = (",", ";", ":", "–", "—", "，", "；", "、")


def is_verse(text: str) -> bool:
    """Whether the text is short lines, many of which do not end their sentence, without a list, table, id or section.

    A list of features without bullets is none: its lines do not end in commas.
    """
    lines = [line.rstrip(_CLOSING) for line in text.splitlines() if line.strip()]
    if lines and lines[0].startswith("# "):
        lines = lines[1:]
    if len(lines) < LEAST_LINES or any(len(line) > LONGEST_LINE or _STRUCTURE.match(line) for line in lines):
        return False
    whole = sum(line.endswith(_WHOLE) for line in lines)
    go_on = sum(line.endswith(_GOES_ON) for line in lines)
    return whole <= MOST_WHOLE * len(lines) and go_on >= LEAST_GO_ON * len(lines)
