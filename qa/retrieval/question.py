"""Recognise what a question asks for, and its parts. By rule and for English; other questions stay whole.

A wrong rule costs little: `Library.ask` keeps the whole question if that is answered as well.
"""

from __future__ import annotations

import re
from typing import Literal

from qa.text.dates import stated

AnswerType = Literal["date", "number", "person", "place", ""]
"""What a question asks for; empty if its words do not say."""

_ASKING = r"who|whom|whose|when|where|which|what|why|how"
_LEADING = rf"(?:(?:in|on|at|by|to|for|from|with|of|under) )?(?:{_ASKING})"
_ASKS_FOR: dict[AnswerType, re.Pattern[str]] = {
    "date": re.compile(
        r"\bwhen\b|\b(?:what|which)(?: \w+)? (?:years?|months?|dates?|days?|decade|century)\b|\bsince when\b", re.IGNORECASE
    ),
    "number": re.compile(
        r"\bhow (?:many|much|old|long|far|tall|high|large|big|fast|often|deep|wide)\b|\bby what vote\b"
        r"|\b(?:what|which)(?: \w+)? (?:number|percentage|percent|amount|population|sum|price|cost|share|age|rate|size|vote)\b",
        re.IGNORECASE,
    ),
    "person": re.compile(r"\b(?:who|whom|whose)\b|\bwhat (?:man|woman|person)\b", re.IGNORECASE),
    "place": re.compile(
        r"\bwhere\b|\b(?:what|which) (?:city|country|state|town|place|region|continent|street|island|river|village)\b",
        re.IGNORECASE,
    ),
}
_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy eighty ninety"
    " hundred thousand million billion dozen half third quarter"
)
_FIGURE = re.compile(rf"\b(?:\d[\d,.]*|{'|'.join(_NUMBERS.split())})\b", re.IGNORECASE)
_ENDS = r"(?=[,?.;]|\s+(?:is|are|was|were|be|do|does|did|has|have|had|will|in|on|at|by|for|to|that|which|who|when|both)\b|\s*$)"
_PAIRS = (
    # "Which came first, A or B?"
    re.compile(r",\s+(?P<whole>(?P<a>[^,?]+?),?\s+or\s+(?P<b>[^,?]+?))(?=\s*\?*\s*$)", re.IGNORECASE),
    # Two names
    re.compile(r"(?P<whole>(?P<a>[A-Z][\w'’.-]*(?: [A-Z][\w'’.-]*)*) and (?P<b>[A-Z][\w'’.-]*(?: [A-Z][\w'’.-]*)*))"),
    # "which of A and B", "both A and B", "between A and B", "compare A and B"
    re.compile(
        rf"\b(?:which of|who of|both|between|compare)\s+(?P<whole>(?P<a>[^,?]+?)\s+(?:and|or|with|to)\s+(?P<b>[^,?]+?)){_ENDS}",
        re.IGNORECASE,
    ),
)
# Words that compare two things: a question about one of them has no use for them.
_COMPARING = re.compile(
    r"\b(?:compare|contrast|came|comes|first|last|earlier|later|sooner|older|newer|younger|longer|shorter|larger|smaller|bigger"
    r"|higher|lower|more|most|fewer|less|both|between|difference)\b,?",
    re.IGNORECASE,
)
_COORDINATED = re.compile(rf"\s*(?:[;?]|,? (?:and|or))\s+(?={_LEADING}\b)", re.IGNORECASE)
_ASKS = re.compile(
    rf"\W*(?:{_LEADING}|is|are|was|were|do|does|did|has|have|had|can|could|will|name|list|give|tell|compare|contrast)\b",
    re.IGNORECASE,
)
# A relative clause that ends the question and is a question of its own: "In which city does the institute sit that agreed with
# the Court?" It opens with "that", "who" or "which" and a verb; not after a comma, where it would only add to the noun, nor
# after a preposition, which belongs to the pronoun ("in which"). Shorter than four words, it would ask too little.
_CLAUSE = re.compile(
    r"(?<!,)(?<!\bin)(?<!\bon)(?<!\bof)(?<!\bby)(?<!\bto)(?<!\bat)(?<!\bfor)(?<!\bfrom)(?<!\bwith)\s+(?:that|who|which)\s+"
    r"(?=(?:is|are|was|were|has|have|had|\w+ed)\b)(?=(?P<rest>\w+(?:\s+\S+){3,})$)",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?:it|its|he|him|his|she|her|they|them|their|this|that|these|those|there|then|one|ones)\b", re.IGNORECASE
)
_PART_WORDS = 3
"""A part of a question must have more words than this: fewer hardly say what they ask about."""
_CLAUSE_START = 4
"""More words than this must come before a clause that is asked by itself: fewer are no question without it."""


def answer_type(question: str) -> AnswerType:
    """Return what a question asks for, or an empty text if its words do not say.

    >>> answer_type("In which year did it end?"), answer_type("How many judges are there?"), answer_type("Why did he leave?")
    ('date', 'number', '')
    """
    starts = {kind: match.start() for kind, pattern in _ASKS_FOR.items() if (match := pattern.search(question))}
    return min(starts, key=lambda kind: starts[kind], default="")


def dates_or_figures(kind: AnswerType, text: str) -> frozenset[str]:
    """Return the dates in a text if `kind` is "date", its figures if it is "number", else nothing.

    >>> sorted(dates_or_figures("number", "In 2020 there were 580."))
    ['2020', '580']
    """
    if kind == "date":
        return frozenset(each.iso for each in stated(text))
    return frozenset(_FIGURE.findall(text)) if kind == "number" else frozenset()


def parts(question: str) -> tuple[str, ...]:
    """Return the questions that a question is made of: for most, only the question itself.

    >>> parts("Who won in 1998 and where was the treaty signed?")
    ('Who won in 1998?', 'Where was the treaty signed?')
    >>> parts("In which city does the institute sit that agreed with the Court in 2024?")
    ('In which city does the institute sit?', 'What agreed with the Court in 2024?')
    >>> parts("Which was elected first, Ann Lee or Bob Day?")
    ('Which was elected Ann Lee?', 'Which was elected Bob Day?')
    """
    coordinated = [part.strip(" ,;?") for part in _COORDINATED.split(question.strip())]
    if len(coordinated) > 1:
        if not all(map(_stands_alone, coordinated)):
            return (question,)
        return tuple(f"{part[0].upper()}{part[1:]}?" for part in coordinated)
    for clause in _CLAUSE.finditer(question):
        if len(question[: clause.start()].split()) > _CLAUSE_START:
            return f"{question[: clause.start()]}?", f"What {clause['rest']}"
    for pattern in _PAIRS:
        if (match := pattern.search(question)) and _ASKS.match(question):
            before, after = question[: match.start("whole")], question[match.end("whole") :]
            before = " ".join(_COMPARING.sub("", before).split())
            before = "When was" if before.casefold() in ("which", "what") else before
            return f"{before} {match['a']}{after}".strip(), f"{before} {match['b']}{after}".strip()
    return (question,)


def _stands_alone(part: str) -> bool:
    return bool(_ASKS.match(part)) and len(part.split()) > _PART_WORDS and not _PRONOUN.search(part)
