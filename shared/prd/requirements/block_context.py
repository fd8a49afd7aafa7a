"""The context of a block in a PRD: the headings, labels and list items above it, and its user story. Pure."""

import re
from dataclasses import replace

from shared.prd.requirements import vocabulary
from shared.prd.requirements.abilities import tells_of_traits
from shared.prd.requirements.outline import LABEL_LEVEL
from shared.prd.requirements.phases import is_postponed
from shared.prd.requirements.scopes import ITEM_LEVEL, Coarse, Scope, Statement
from shared.prd.requirements.statements import cut
from shared.prd.requirements.stories import holds_criteria
from shared.prd.requirements.vocabulary import STORY, Family

PREAMBLE = Family("preamble", "said")
ABILITY = Family("ability", "all", "functional")
_TOPIC = Family("topic", "listed")
_GENEROUS = Family("anything", "all")
_GOALS = re.compile(
    r"^(?:\w+ ){0,2}(?:goals?|objectives?)\b|^(?:ziele?|zielsetzung|objectifs?|objetivos?|obiettivi|tujuan|doelen|"
    r"cele)\b|^цели\b|(?:目标|目標|목표)$",
    re.IGNORECASE,
)
_PEOPLE_IN_A_ROLE = re.compile(r"\s*[(（].*$|\s*[-–—:].*$")


class BlockContext:
    """The scopes above the current block, innermost last, and the story that criteria below it belong to."""

    def __init__(self, titles: set[str], *, divided: bool, generous: bool) -> None:
        self._titles = titles
        self._divided = divided
        self._generous = generous
        self._scopes: list[Scope] = []
        self._story: Statement | None = None
        self._stories_in_a_row = 0
        self._phases: list[str] = []

    @property
    def innermost(self) -> Scope | None:
        """The scope that was opened last."""
        return self._scopes[-1] if self._scopes else None

    def leave(self, level: int) -> None:
        """Close the scopes at `level` and below."""
        while self._scopes and self._scopes[-1].level >= level:
            self._scopes.pop()

    def enter(self, scope: Scope) -> None:
        """Open a scope. One that holds criteria belongs to the one story before it; others end that story."""
        if self._scopes and self._scopes[-1].family is vocabulary.ROADMAP:
            self._phases.append(scope.title)
        elif scope.family is vocabulary.ROADMAP:
            self._phases = []
        criteria = scope.level < ITEM_LEVEL and holds_criteria(scope.title)
        if criteria and self._story and self._stories_in_a_row <= 1 and self._head_of_scopes() is None:
            scope.head = self._story
        elif scope.level < LABEL_LEVEL and not criteria:
            self._story, self._stories_in_a_row = None, 0
        elif LABEL_LEVEL <= scope.level < ITEM_LEVEL and not criteria and not self._in_named_story():
            scope.barrier = True
        self._scopes.append(scope)

    def family(self) -> Family:
        """What counts here: the outermost heading that dominates, else the innermost that says something."""
        families = [scope.family for scope in self._scopes if scope.family]
        dominant = next((family for family in families if family.dominates), None)
        if dominant:
            return (
                families[-1] if dominant is vocabulary.PEOPLE and families[-1] is vocabulary.PERMISSIONS else dominant
            )
        if not families:
            above = [scope for scope in self._scopes if scope.head is None or scope.level < ITEM_LEVEL]
            topic = any(scope.level > 1 or scope.title not in self._titles for scope in above)
            family = _TOPIC if topic or not self._divided else PREAMBLE
        else:
            family = families[-1]
        if self._generous and family.policy != "none":
            return _GENEROUS
        if family is vocabulary.NEUTRAL:
            kind = next((outer.kind for outer in reversed(families) if outer.kind), None)
            return replace(family, kind=kind)
        return family

    def role(self) -> str:
        """Whose abilities are listed here: the heading, label or item below `Users`; empty where there is none."""
        people = next(
            (at for at, scope in enumerate(self._scopes) if scope.family is vocabulary.PEOPLE), len(self._scopes)
        )
        below = self._scopes[people + 1 :]
        if not below or any(tells_of_traits(scope.title) for scope in below):
            return ""
        return _PEOPLE_IN_A_ROLE.sub("", below[0].title).strip() or below[0].title

    def phase(self) -> str:
        """Where the roadmap puts off what stands here, such as `Roadmap, v2`; empty where it does not."""
        at = next((at for at, scope in enumerate(self._scopes) if scope.family is vocabulary.ROADMAP), None)
        below = self._scopes[at + 1 :] if at is not None else []
        return self.postponed_to(below[0].title, self._phases[:-1]) if below else ""

    def postponed_to(self, phase: str, before: list[str] | None = None) -> str:
        """The same for a phase that an item or a row names itself; it is remembered for those below."""
        earlier = self._phases if before is None else before
        late = is_postponed(phase, earlier)
        if before is None and phase not in self._phases:
            self._phases.append(phase)
        roadmap = next((scope.title for scope in self._scopes if scope.family is vocabulary.ROADMAP), "")
        return f"{roadmap}, {phase}" if late and roadmap else ""

    def put_off(self) -> str:
        """The section of what is not wanted yet, such as `Nice to have`, that this stands in."""
        return next((scope.title for scope in self._scopes if scope.family is vocabulary.LATER), "")

    def coarse(self) -> Coarse:
        """Whether this is a section of goals."""
        return "goal" if any(_GOALS.match(vocabulary.heading_words(scope.title)) for scope in self._scopes) else ""

    def section(self) -> str:
        """The headings and labels above, for people."""
        return cut(" > ".join(scope.title for scope in self._scopes if scope.level < ITEM_LEVEL), 200)

    def prefix(self) -> str:
        """What a label or item above says before each of its items."""
        return next((one.prefix for one in reversed(self._scopes) if one.level > LABEL_LEVEL and one.prefix), "")

    def head(self, *, in_prose: bool = False) -> Statement | None:
        """What a statement here is part of. In prose, a story owns only what its own heading holds."""
        for scope in reversed(self._scopes):
            if scope.head and not (in_prose and STORY.match(scope.head.text) and not scope.names_story):
                return scope.head
            if scope.barrier:
                return None
        return None

    def tell(self, statement: Statement, *, in_prose: bool) -> None:
        """Place a new statement: find what it is part of; a story becomes what the blocks below it are part of."""
        holder = next((scope for scope in reversed(self._scopes) if scope.level < ITEM_LEVEL), None)
        if not STORY.match(statement.text):
            statement.parent = self.head(in_prose=in_prose)
            self._stories_in_a_row = 0
            return
        if in_prose and holder and holder.head and STORY.match(holder.head.text):
            holder.head = None
        statement.parent = self.head(in_prose=True)
        self._story, self._stories_in_a_row = statement, self._stories_in_a_row + 1
        if in_prose and holder and holder.head is None:
            holder.head = statement
            self._take_name(statement, holder)

    def own(self, statement: Statement, scope: Scope) -> None:
        """Let a heading's or an item's statement be what stands in its scope is part of."""
        above = [one for one in self._scopes if one is not scope]
        statement.parent = statement.parent or next((one.head for one in reversed(above) if one.head), None)
        scope.head = statement
        if scope.level < ITEM_LEVEL:
            self._story, self._stories_in_a_row = statement, 1

    def _take_name(self, statement: Statement, holder: Scope) -> None:
        if holder.names_story:
            statement.name = holder.title
            statement.source_id = statement.source_id or holder.source_id

    def _head_of_scopes(self) -> Statement | None:
        return next((scope.head for scope in reversed(self._scopes) if scope.head), None)

    def _in_named_story(self) -> bool:
        return any(scope.names_story or (scope.head and not STORY.match(scope.head.text)) for scope in self._scopes)
