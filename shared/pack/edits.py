"""Reads edits out of an answer and applies them to the text that they are of. Pure: texts in, a text out.

An edit is a block of lines. Its delimiters carry the fingerprint of the text that is edited, each on a line of its own:

    <replace-HASH>   what stands there, exact and only once   <with-HASH>   what is to stand there   </replace-HASH>
    <after-HASH>     an anchor, exact and only once           <with-HASH>   lines to insert below    </after-HASH>
    <before-HASH>    an anchor, exact and only once           <with-HASH>   lines to insert above    </before-HASH>
    <section-HASH>   its heading                              <with-HASH>   what stands below it     </section-HASH>
    <unchanged-HASH>  alone, says that nothing is to change

No text holds its own fingerprint, so none can forge a delimiter; what stands between edits is passed over. All edits
are of the one text that the agent was shown, never of what another edit put in. What none of them touches stays as it
is, to the byte. Line breaks match whatever kind they are, and what is put in takes the kind of the text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shared.agents import fingerprint
from shared.pack.passages import around, headings, headings_in, like, line_at, line_break, lines_of, places

MOST_EDITS = 500
"""Edits of one answer that are looked at; a document that needs more is written anew."""
_INSERTS = ("after", "before")
_LONGEST_NAMED = 1_500
"""Characters that are quoted of an edit that does not apply."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_HEADING = re.compile(r"(#{1,6})[ \t]+(.+)")


@dataclass(frozen=True)
class Edit:
    """One edit as it was written: `form` is replace, after, before or section."""

    form: str
    find: str
    text: str


@dataclass(frozen=True)
class Refusal:
    """An edit that does not apply: how it begins, why it does not, and what stands there instead."""

    edit: str
    reason: str
    there: str = ""


@dataclass(frozen=True)
class Revised:
    """A text with the edits of its answers, and those of the last answer that did not apply.

    `applied` are all that did. `whole`: the answer was no edits but the document itself.
    """

    text: str
    applied: tuple[Edit, ...] = ()
    refused: tuple[Refusal, ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class _Reading:
    """What an answer holds: edits, blocks that are none, whether it says that nothing changes."""

    edits: tuple[Edit, ...]
    malformed: tuple[Refusal, ...]
    unchanged: bool


@dataclass(frozen=True)
class _Splice:
    """Put `text` where `start` to `end` stand now."""

    start: int
    end: int
    text: str


@dataclass
class _Open:
    """A block that has begun."""

    form: str
    find: list[str] = field(default_factory=list[str])
    text: list[str] | None = None

    def take(self, line: str) -> None:
        """Note a line of whichever half has begun."""
        (self.find if self.text is None else self.text).append(line)

    def refused(self, reason: str) -> Refusal:
        """Why the block is no edit."""
        return Refusal(_named(Edit(self.form, "\n".join(self.find), "")), reason)


def revise(previous: str, answers: Sequence[str]) -> Revised:
    """`previous` with what its agent's answers change. A later answer gives again what did not apply of the earlier.

    An answer without edits that is a document with the title and sections of `previous` is taken for it: it is paid
    for, and what it loses of the old text the checks tell as they do for any draft.
    """
    revised = Revised(previous)
    for answer in answers:
        reading = _read(answer, fingerprint(previous))
        if reading.edits or reading.malformed:
            revised = _applied(previous, revised.applied, reading)
        elif reading.unchanged:
            revised = Revised(revised.text, revised.applied)
        elif _is_document(answer, previous):
            return Revised(answer, whole=True)
        else:
            refused = Refusal("(none)", "The answer holds no edit with this text's fingerprint.")
            revised = Revised(revised.text, revised.applied, (refused,))
    return revised


def in_list(refusals: Sequence[Refusal]) -> str:
    """Edits that do not apply, as their author is told of them."""
    items = (
        f"{number}. {one.reason}\n\n{one.edit}" + (f"\n\nWhat stands there:\n\n{one.there}" if one.there else "")
        for number, one in enumerate(refusals, 1)
    )
    return "\n\n".join(items)


def has_edits(previous: str, answer: str) -> bool:
    """Whether an answer speaks of edits to `previous`, well-formed or not."""
    reading = _read(answer, fingerprint(previous))
    return bool(reading.edits or reading.malformed or reading.unchanged)


def _read(answer: str, mark: str) -> _Reading:
    """Take an answer apart, line by line."""
    delimiter = re.compile(rf"[ \t]*<(/?)(replace|after|before|section|with|unchanged)-{mark}[ \t]*/?>[ \t]*")
    edits, malformed, unchanged, block = list[Edit](), list[Refusal](), False, None
    for line in answer.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        found = delimiter.fullmatch(line)
        if found is None:
            if block:
                block.take(line)
            continue
        closes, name = bool(found[1]), found[2]
        if block and not closes and name == "with" and block.text is None:
            block.text = []
        elif block and closes and name == block.form and block.text is not None:
            edits.append(Edit(block.form, "\n".join(block.find), "\n".join(block.text)))
            block = None
        elif block and closes and name == "with" and block.text is not None:
            continue  # says nothing that the end of the edit does not
        else:
            if block:
                malformed.append(block.refused(f"The edit is not closed before <{'/' * closes}{name}-...>."))
            block = None
            if name == "unchanged":
                unchanged = True
            elif closes or name == "with":
                malformed.append(Refusal(f"<{'/' * closes}{name}-...>", "It stands outside an edit."))
            else:
                block = _Open(name)
    if block:
        malformed.append(block.refused("The edit is not closed: the answer breaks off."))
    return _Reading(tuple(edits), tuple(malformed), unchanged)


def _applied(previous: str, earlier: tuple[Edit, ...], reading: _Reading) -> Revised:
    """All edits at once, in places of `previous`. Of two that touch the same text the later is refused."""
    taken, refused = _Taken(), list(reading.malformed)
    applied: list[Edit] = []
    for number, edit in enumerate((*earlier, *reading.edits)):
        place = _splice(previous, edit) if number < MOST_EDITS else Refusal(_named(edit), "There are too many edits.")
        if isinstance(place, _Splice) and (other := taken.beside(place)):
            lines = around(previous, other.start, other.end)
            place = Refusal(_named(edit), "Another of your edits changes the same text.", lines)
        if isinstance(place, Refusal):
            refused.append(place)
        else:
            taken.add(place)
            applied.append(edit)
    return Revised("".join(taken.spliced(previous)), tuple(applied), tuple(refused))


class _Taken:
    """Splices that do not touch each other, in the order of the text."""

    def __init__(self) -> None:
        self._splices: list[_Splice] = []

    def _after(self, splice: _Splice) -> int:
        return bisect_right(self._splices, (splice.start, splice.end), key=lambda one: (one.start, one.end))

    def beside(self, splice: _Splice) -> _Splice | None:
        """A splice that leaves no room for this one. Insertions at one place stand side by side."""
        at = self._after(splice)
        before = self._splices[at - 1] if at else None
        if before and before.end > splice.start:
            return before
        after = self._splices[at] if at < len(self._splices) else None
        return after if after and after.start < splice.end else None

    def add(self, splice: _Splice) -> None:
        """Take the place of a splice that stands beside no other."""
        self._splices.insert(self._after(splice), splice)

    def spliced(self, text: str) -> Iterator[str]:
        """The text in pieces: as it was between the splices, and what they put in."""
        at = 0
        for splice in self._splices:
            yield text[at : splice.start]
            yield splice.text
            at = splice.end
        yield text[at:]


def _splice(text: str, edit: Edit) -> _Splice | Refusal:
    """Where an edit goes and what it puts there."""
    if not edit.find.strip():
        return Refusal(_named(edit), "It names no text to find.")
    if edit.form != "replace" and not edit.text.strip():
        return Refusal(_named(edit), "It puts nothing in. Take text out with a replace.")
    if edit.form == "section":
        return _section(text, edit)
    found = places(text, edit.find)
    if not found:
        return Refusal(_named(edit), "Its text does not stand there.", like(text, edit.find))
    if len(found) > 1:
        there = "\n...\n".join(around(text, start, end) for start, end in found)
        return Refusal(_named(edit), "Its text stands there more than once: take the lines around it too.", there)
    start, end = found[0]
    return _insertion(text, edit, start, end) if edit.form in _INSERTS else _replacement(text, edit, start, end)


def _replacement(text: str, edit: Edit, start: int, end: int) -> _Splice:
    """A replaced passage. Whole lines that are replaced by nothing go with their line break.

    Lines that a find quotes and puts in again at its ends are not touched: another edit may quote them too.
    """
    begins_line = start == 0 or text[start - 1] in "\r\n"
    if not edit.text and begins_line and (broken := re.compile(r"\r\n|\r|\n").match(text, end)):
        end = broken.end()
    old, new = (_LINE.findall(one) for one in (text[start:end], _in_kind(text, edit.text)))
    lead = _alike(old, new, min(len(old) - 1, len(new)))
    trail = _alike(old[::-1], new[::-1], min(len(old) - lead - 1, len(new) - lead))
    changed = start + sum(map(len, old[:lead])), end - sum(map(len, old[len(old) - trail :]))
    return _Splice(*changed, "".join(new[lead : len(new) - trail]))


def _alike(old: Sequence[str], new: Sequence[str], most: int) -> int:
    """How many lines are the same at the beginning. One of the old is always left: the edit has its place there."""
    return next((number for number in range(most) if old[number] != new[number]), most)


def _insertion(text: str, edit: Edit, start: int, end: int) -> _Splice:
    """Whole lines: below the line in which the anchor ends, or above the one in which it begins."""
    put, lines = _in_kind(text, edit.text) + line_break(text), lines_of(text)
    if edit.form == "before":
        at = lines[line_at(text, start)].start
        return _Splice(at, at, put)
    at = lines[line_at(text, end - 1)].end
    return _Splice(at, at, put if text[at - 1] in "\r\n" else line_break(text) + put)


def _section(text: str, edit: Edit) -> _Splice | Refusal:
    """What stands below a heading, up to the next of its level or above; blank lines around it stay."""
    named = edit.find.strip()
    found = _HEADING.fullmatch(named)
    if found is None:
        return Refusal(_named(edit), "A section is named by its heading alone, as in `## Title`.", headings_in(text))
    starts = [line for line, _, title in headings(text, len(found[1])) if title == found[2]]
    if len(starts) != 1:
        reason = "More than one section has this heading." if starts else "No section has this heading."
        return Refusal(_named(edit), reason, headings_in(text))
    put = re.sub(rf"\A\s*{re.escape(named)}[ \t]*(?=\n|\Z)", "", edit.text).strip("\n")
    if not put.strip():
        return Refusal(_named(edit), "It puts nothing in. Take text out with a replace.")
    start, end = _below(text, starts[0], len(found[1]))
    lead = line_break(text) if not text[start:end].strip() else ""
    return _Splice(*_without_blank_lines(text, start, end), lead + _in_kind(text, put) + lead)


def _below(text: str, heading: int, level: int) -> tuple[int, int]:
    """What belongs to the heading in a line (from 1): from the line below it to the next heading that ends it."""
    lines = lines_of(text)
    following = [line for line, depth, _ in headings(text) if line > heading and depth <= level]
    end = lines[following[0] - 1].start if following else len(text)
    start = lines[heading - 1].end
    underlined = re.compile(r"[ ]{0,3}(?:=+|-+)[ \t]*(?:\r\n?|\n|\Z)").match(text, start)
    if underlined and not text.startswith("#", lines[heading - 1].start):
        start = underlined.end()
    return start, end


def _without_blank_lines(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without the blank lines at both ends and the last line break; one of blank lines alone is empty."""
    filled = [line for line in lines_of(text) if start <= line.start < end and text[line.start : line.end].strip()]
    if not filled:
        return start, start
    return filled[0].start, filled[-1].start + len(text[filled[-1].start : filled[-1].end].rstrip("\r\n"))


def _is_document(answer: str, previous: str) -> bool:
    """Whether an answer begins as the text before did and has all its sections."""
    begins = [one.lstrip().partition(" ")[0] for one in (answer, previous)]
    if begins[0] != begins[1] or not begins[0].startswith("#"):
        return False
    return {title for *_, title in headings(answer, 2)} >= {title for *_, title in headings(previous, 2)}


def _in_kind(text: str, put: str) -> str:
    return put.replace("\n", line_break(text))


def _named(edit: Edit) -> str:
    return f"{edit.form}: {edit.find}"[:_LONGEST_NAMED]
