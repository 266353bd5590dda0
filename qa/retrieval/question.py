"""What a question asks for, and the questions that it is made of. By rule and for English; other questions stay whole.

A rule that is wrong costs little: `Library.ask` keeps to the whole question wherever that is answered as well.
"""

from __future__ import annotations

import re
from typing import Literal

from qa.text.dates import stated

Wanted = Literal["date", "number", "person", "place", ""]

_ASKING = r"who|whom|whose|when|where|which|what|why|how"
_LEADING = rf"(?:(?:in|on|at|by|to|for|from|with|of|under) )?(?:{_ASKING})"
_WANTED: dict[Wanted, re.Pattern[str]] = {
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
# What is said of both together, and so of neither.
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
# "In which city does the institute sit that agreed with the Court?"
_CLAUSE = re.compile(
    r"(?<!,)(?<!\bin)(?<!\bon)(?<!\bof)(?<!\bby)(?<!\bto)(?<!\bat)(?<!\bfor)(?<!\bfrom)(?<!\bwith)\s+(?:that|who|which)\s+"
    r"(?=(?:is|are|was|were|has|have|had|\w+ed)\b)(?=(?P<rest>\w+(?:\s+\S+){3,})$)",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"\b(?:it|its|he|him|his|she|her|they|them|their|this|that|these|those|there|then|one|ones)\b", re.IGNORECASE
)
_JOINING = re.compile(r"^\W*(?:(?:and|but|so|also|ok|okay|well)\b[\s,]*)+", re.IGNORECASE)
_ABOUT = re.compile(r"^\W*(?:and\s+)?(?:what|how)\s+about\s+(?P<other>.+?)\W*$", re.IGNORECASE)
_POINTS = re.compile(
    r"\b(?:he|him|his|she|her|they|them|their|its|those|these)\b|\b(?:it|this|that)(?=\W*$|\s+\w+\W*$)"
    r"|\b(?:was|is|did|does|do|has|had|of|by|in|for|to|with|about)\s+(?:it|this|that)\b(?!\s+(?:true|said|the|a|an)\b)",
    re.IGNORECASE,
)
_SMALL = (
    "a an the of in on at by to for from with between and or is are was were be been do does did has have had can could will"
    " would many much who whom whose when where which what why how that this it its there as not about into than then"
)
_SMALL_WORDS = frozenset(_SMALL.split())
"""Those that say nothing of what a question is about."""
_ALONE = 3
"""Words that a question has at least, joining ones aside, when it does not lean on the one before; one more after "and"."""
_SHORTEST_PART = 3
"""Words that a part must have besides the one that asks."""
_SHORTEST_CLAUSE = 4
"""Words before a clause that is asked by itself."""


def wanted(question: str) -> Wanted:
    """Return the kind of thing a question asks for, or nothing where its words do not tell.

    >>> wanted("In which year did it end?"), wanted("How many judges are there?"), wanted("Why did he leave?")
    ('date', 'number', '')
    """
    places = {kind: found.start() for kind, pattern in _WANTED.items() if (found := pattern.search(question))}
    return min(places, key=lambda kind: places[kind], default="")


def said(kind: Wanted, text: str) -> frozenset[str]:
    """Return the dates or the figures in a text, as `kind` wants; nothing of another kind.

    >>> sorted(said("number", "In 2020 there were 580."))
    ['2020', '580']
    """
    if kind == "date":
        return frozenset(each.iso for each in stated(text))
    return frozenset(_FIGURE.findall(text)) if kind == "number" else frozenset()


def parts(question: str) -> tuple[str, ...]:
    """Return the questions that a question is made of; of most that is the question itself.

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
        if len(question[: clause.start()].split()) > _SHORTEST_CLAUSE:
            return f"{question[: clause.start()]}?", f"What {clause['rest']}"
    for pattern in _PAIRS:
        if (found := pattern.search(question)) and _ASKS.match(question):
            before, after = question[: found.start("whole")], question[found.end("whole") :]
            before = " ".join(_COMPARING.sub("", before).split())
            before = "When was" if before.casefold() in ("which", "what") else before
            return f"{before} {found['a']}{after}".strip(), f"{before} {found['b']}{after}".strip()
    return (question,)


def _stands_alone(part: str) -> bool:
    return bool(_ASKS.match(part)) and len(part.split()) > _SHORTEST_PART and not _LEANS.search(part)


def contextualised(question: str, earlier: str) -> str:
    """Return a follow-up question with what the one before it was about; any other as it is.

    >>> contextualised("And when was that?", "Who signed the agreement with ILANUD?")
    'And when was that? (signed agreement ILANUD)'
    >>> contextualised("What about 2020?", "How many judges were elected in 2017?")
    'How many judges were elected in 2017? (2020)'
    >>> contextualised("How many judges does the Court have?", "Who signed the agreement with ILANUD?")
    'How many judges does the Court have?'
    """
    if about := _ABOUT.match(question):
        return f"{earlier.strip()} ({about['other']})"
    bare = _JOINING.sub("", question).split()
    short = _ALONE if len(bare) == len(question.split()) else _ALONE + 1
    subject = " ".join(word for word in re.findall(r"[\w'’-]+", earlier) if word.casefold() not in _SMALL_WORDS)
    leans = len(bare) < short or _POINTS.search(question)
    return f"{question.strip()} ({subject})" if leans and subject else question
