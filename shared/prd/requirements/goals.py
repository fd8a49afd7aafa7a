"""Wishes that no test can show, such as "easy to maintain", and statements that exclude themselves. Pure."""

import re

_LONGEST_WISH = 24
"""Words; a longer text says more than a wish."""
_NUMBER = re.compile(r"\d")
_LINKED = r"(?:\s*(?:,|&|/|and|or|und|oder|dan|et|y|e|en)\s*(?:\w+\s+)?(?:\w+(?: to \w+)?)){0,3}"
_VERY = r"(?:(?:very|really|as|so|sehr|très|muy|molto|sangat)\s+)?"
_EASY = (
    r"\b(?:easy|easily|simple|cheap|cheaply|quick|fast|inexpensive|affordable|straightforward|painless|effortless|"
    r"pleasant|comfortable)"
)
_TO_DO = (
    r"\s+to\s+(?:maintain|use|run|build|make|operate|understand|learn|extend|develop|deploy|set up|host|adopt|"
    r"integrate|change|test|support|keep|grasp|read|administer|debug|work with)\b"
)
_MAKING = (
    r"(?:development|implementation|maintenance|operations?|deployment|delivery|time[- ]to[- ]market|set[- ]?up|"
    r"onboarding|adoption|learning curve|user experience|usability|code(?:base)?|architecture|running costs?|costs?)"
)
_WISHES = (
    _EASY + _LINKED + _TO_DO,
    rf"^{_VERY}(?:quick|fast|rapid|cheap|low[- ]cost|affordable|inexpensive|easy|simple|clean|good|great|minimal|low|"
    rf"smooth){_LINKED}\s+(?:\w+\s+)?{_MAKING}(?:\s+(?:time|costs?|effort|cycles?))?\W*$",
    r"\b(?:user[- ]friendly|intuitive|delightful|future[- ]proof|world[- ]class|best[- ]in[- ]class|"
    r"state[- ]of[- ]the[- ]art|easy to use|low[- ]maintenance)\b",
    r"^(?:[\w ]{0,40}\b(?:must|should|shall|has to|needs to|have to|to)\s+)?feels?\s+(?!free\b)\w+",
    r"\b(?:must|should|shall|has to|needs to)\s+feel\s+\w+",
    r"^(?:it |we |this |that )?(?:[\w ]{0,30}\b(?:be|stay|remain|keep)\s+)?(?:cheap|affordable|inexpensive|"
    r"maintainable|scalable|simple|robust|flexible|modern)(?:\s*(?:,|and|&)\s*\w+){0,3}\W*$",
    r"\b(?:einfach|leicht|günstig|schnell|bequem)\s+(?:zu\s+\w+|im\s+betrieb|in\s+der\s+wartung)\b|"
    r"\b(?:benutzerfreundlich|intuitiv|kostengünstig|wartungsarm|gut wartbar)\w*",
    r"\bf[áa]cil(?:es)? (?:de|para) \w+|\bfacile à \w+|\bfacil[ei] da \w+|\beenvoudig te \w+|\bgoedkoop te \w+|"
    r"\b(?:легк|прост)\w* (?:в|для) \w+",
    r"\bmudah (?:di\w+|untuk \w+)|^[^\d,;:]{0,60}\b(?:murah|cepat|mudah|sederhana)(?: dan \w+)?\W*$",
    r"易于\w+|简单易用|操作简便|使いやす|低成本|사용하기 쉬",
)
_WISH = re.compile("|".join(f"(?:{each})" for each in _WISHES), re.IGNORECASE)
_OUTCOME = re.compile(
    r"^(?:less|more|fewer|better|higher|lower|greater|happier|faster|cheaper|cut|halve|shorten|speed up|"
    r"give (?:\w+ ){1,3}a (?:clear|better|full) (?:view|picture|overview)|(?:reduce|increase|improve|boost|grow|"
    r"raise|maximi[sz]e|minimi[sz]e)d?|trust|peace of mind)\b|\b(?:stays?|remains?|keeps?|be|is|are) (?:\w+ )?"
    r"(?:simple|cheap|easy|fast|affordable|friendly|pleasant)\b|^(?:weniger|mehr|bessere?|höhere|geringere|zufriedene\w*)\b|"
    r"^(?:moins|plus|meilleure?) de\b|^(?:menos|más|mais|mejor|melhor)\b|^(?:lebih|mengurangi|meningkatkan)\b",
    re.IGNORECASE,
)
"""What a section of goals hopes for. Elsewhere, `Fewer than three clicks` may be meant."""
_ASKED = re.compile(r"[\"“„«][^\"“”„«»\n]{3,200}\?[\"”“»]")
"""A question that somebody is to be able to answer."""
_CONCRETE = re.compile(r"`|\b(?:GET|POST|PUT|PATCH|DELETE) /|\bwithin\b|\bp9\d\b")
_EXCLUDES = re.compile(
    r"\b(?:is|are|remains?|stays?|considered)\s+(?:\w+\s+)?(?:out(?:side)?[- ]of[- ](?:the[- ])?scope|"
    r"outside (?:the )?scope|"
    r"not in scope|excluded|not part of (?:this|the) (?:\w+ )?(?:version|release|scope|mvp|project|product))\b|"
    r"\((?:out of scope|not in scope)\)\W*$|^out of scope\s*[:：–—-]|"
    r"\b(?:ist|sind)\s+nicht\s+(?:teil|bestandteil|gegenstand|im umfang)\b|"
    r"\b(?:est|sont)\s+hors\s+(?:périmètre|scope)\b|"
    r"\b(?:está|están|queda|quedan)\s+fuera\s+del?\s+alcance\b|\bdi luar (?:ruang )?lingkup\b|"
    r"\b(?:não faz|não fazem) parte do escopo\b|不在(?:本次)?范围|対象外(?:とする|です)?[。．]?$",
    re.IGNORECASE,
)
_ASKED_BESIDE = re.compile(r"\b(?:but|however|yet|aber|jedoch)\b.{0,200}\b(?:must|shall|should|need|muss|soll)", re.I)
"""`X is out of scope, but Y must ...` asks for Y."""


def is_wish(text: str) -> bool:
    """Whether a text only wishes for what no test can show; one with a number, a path or a bound can be tested."""
    if len(text.split()) > _LONGEST_WISH or _NUMBER.search(text) or _CONCRETE.search(text):
        return False
    return bool(_WISH.search(text))


def is_hoped_for(text: str) -> bool:
    """Whether a goal names an outcome that the product may help with, rather than what it does."""
    if len(text.split()) > _LONGEST_WISH or _NUMBER.search(text):
        return False
    return bool(_OUTCOME.search(text) or _ASKED.search(text))


def excludes_itself(text: str) -> bool:
    """Whether a statement says of its own subject that it is out of scope, wherever it stands."""
    excluded = _EXCLUDES.search(text[:300])
    return excluded is not None and not _ASKED_BESIDE.search(text[excluded.end() : 400])
