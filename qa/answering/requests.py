"""Recognise a request for an overview rather than an answer: contents, a summary, dates, or what is said about a topic.

By rule, for English and the same in Spanish. The whole text has to be such a request: a question that merely begins like one
("What happened to the suspect in 2012?") is not.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from qa.text.dates import stated
from qa.text.periods import Period

Kind = Literal["contents", "summary", "dates", "mentions"]


class Request(NamedTuple):
    """What an overview is asked for: of which topic (empty: of all), of which period, and how many quotes (0: as fits).

    A `bare` request is only a topic, as one types keywords: it may as well be meant as a question.
    """

    kind: Kind
    topic: str = ""
    period: Period | None = None
    most: int = 0
    bare: bool = False


_ENGLISH = "one two three four five six seven eight nine ten eleven twelve"
_SPANISH = "una dos tres cuatro cinco seis siete ocho nueve diez once doce"
_NUMBERS = {
    "a": 1,
    "few": 3,
    "pocas": 3,
    **{word: n for words in (_ENGLISH, _SPANISH) for n, word in enumerate(words.split(), 1)},
}
_BARE_WORDS = 8
"""A topic of more words is not typed as it is: it is a sentence."""
_ALL = r"(?:articles|documents|files|texts|papers|notes|library|folder|collection|art[íi]culos|documentos|textos|carpeta)"
_ONE = r"(?:article|document|file|text|paper|page|story|report|art[íi]culo|documento|texto|archivo)"
_THESE = r"(?:(?:all )?(?:of )?(?:the|these|those|your|my|this|los|estos|esta|la|todos los) )?"
_PLEASE = (
    r"(?:(?:please|por favor),? )?(?:(?:can|could|would|will) you (?:please )?)?(?:i (?:want|need|would like|'d like) )?"
    r"(?:(?:give|show|write|make|tell|list|get|dame|muestra|hazme)(?: me| us)? )?(?:an? |the |una? |el |la |los |las )?"
)
_SHORT = r"(?:short |brief |quick |concise |general |breve )*"
_IN_SENTENCES = re.compile(
    r",?\s+(?:in|en)\s+(?:about |around |at most |unas? )?(?:(?P<n>\d{1,2}|\w+)\s+)?(?:short |simple )?"
    r"(?:sentences?|lines?|quotes?|points?|bullets?|frases?|l[íi]neas?|puntos?)$",
    re.IGNORECASE,
)
_MANNER = re.compile(
    r",?\s+(?:briefly|in short|simply|in (?:simple|plain|a few) (?:terms|words|english)|(?:as if|like) i(?:'m| am| were)? .*"
    r"|(?:to|for) (?:a|an|my) (?:\w+ )?(?:child|kid|beginner|layman|year[- ]old|\d+[- ]year[- ]old).*|please|to me|por favor)$",
    re.IGNORECASE,
)


def _whole(*patterns: str) -> list[re.Pattern[str]]:
    return [re.compile(rf"(?:{pattern})\Z", re.IGNORECASE) for pattern in patterns]


_CONTENTS = _whole(
    rf"what(?:'s| is| are| do| does) (?:all )?(?:this|these|{_THESE}{_ALL}|this {_ALL}|here)(?: {_ALL})? (?:all )?"
    r"(?:about|cover|contain|talk about|say|deal with)",
    rf"what(?:'s| is| do i have| do you have) (?:in|inside)(?: here| {_THESE}{_ALL})",
    r"(?:what|which) (?:articles|documents|files|topics|subjects|texts) (?:are (?:there|here|covered|included|available)"
    rf"|(?:do|can) (?:you|i|they|{_THESE}{_ALL}) (?:have|cover|contain|discuss|know|ask about|search)|are in {_THESE}{_ALL})",
    rf"{_PLEASE}(?:all )?(?:list|table of contents|contents|titles)?(?: ?of)? ?{_THESE}(?:all )?{_ALL}",
    rf"{_PLEASE}{_SHORT}(?:overview|table of contents|contents)",
    r"¿?de qu[ée] (?:tratan?|va|van) (?:esto|todo esto|(?:estos |los )?art[íi]culos|la carpeta|(?:estos |los )?documentos)",
    r"¿?qu[ée] (?:art[íi]culos|documentos|temas) hay",
)
_SUMMARY = _whole(
    rf"{_PLEASE}{_SHORT}(?:summari[sz]e|sum up|recap|outline|condense|resume|resumir|resúmeme|resumen de) (?P<topic>.+)",
    rf"{_PLEASE}{_SHORT}(?:summary|overview|outline|gist|recap|main points|key points|tl;?dr) (?:of|on|about|for)"
    r" (?P<topic>.+)",
    r"what (?:is|was) (?:said|written) (?:under|in) (?P<topic>.+)",
    r"¿?qu[ée] se dice en (?P<topic>.+)",
    rf"what(?:'s| is| are) (?:the )?{_SHORT}(?:summary|gist|main points|key points) (?:of|in) (?P<topic>.+)",
    rf"what(?:'s| is| does) (?P<topic>(?:the|this) .*{_ONE}(?: (?:on|about) .+)?) (?:all )?(?:about|say)",
    rf"¿?de qu[ée] trata (?P<topic>el {_ONE} .+)",
)
_PERIOD = _whole(
    r"what(?: all)? (?:happened|took place|occurred|went on|was going on|has happened)(?: in the year| in the years)? "
    r"(?P<period>(?:in|on|during|between|from|since) .+)",
    rf"(?:{_PLEASE}|what were |what are )(?:the )?(?:all |main |key |major |important )*(?:events|things that happened) "
    r"(?P<period>(?:of|in|on|during|between|from|since) .+)",
    r"¿?qu[ée] (?:pas[óo]|ocurri[óo]|sucedi[óo]|ha pasado) (?P<period>(?:en|el|entre|desde|durante) .+)",
)
_DATES = _whole(
    rf"(?:what(?:'s| is) )?{_PLEASE}(?:(?:all|every|each|full|complete|the|important|key|main|short|todas las) )*"
    r"(?:timeline|chronology|cronolog[íi]a|chronological (?:list|order|overview))"
    r" (?:of|for|about|on|de|sobre)(?: all| events| the events| events (?:in|of))* (?P<topic>.+)",
    r"(?:please )?(?:can you |could you )?(?:(?:give|show|list|tell|dame|lista|muestra)(?: me)? )?"
    r"(?:(?:all|every|the|of|important|key|main|todas|las) )*(?:dates|fechas) "
    r"(?:(?:that are |that is )?(?:related|relating|relevant|connected|linked|relacionadas) (?:to|with|con) "
    r"|of |for |about |on |in |concerning |de |sobre )(?P<topic>.+)",
    r"(?:the )?(?P<topic>.+) (?:timeline|chronology)",
)
_MENTIONS = _whole(
    r"(?:please )?(?:can you |could you )?tell (?:me|us) (?:something |more |all |everything |a bit |a little )*(?:you know )?"
    r"about (?P<topic>.+)",
    rf"what do (?:{_THESE}{_ALL}) (?:say|tell(?: us| me)?|know) (?:about|of|on) (?P<topic>.+)",
    r"what (?:is|was|has been) (?:said|written|known|reported) (?:about|of|on) (?P<topic>.+)",
    r"what (?:do|can) you (?:know|tell me|say) (?:about|of|on) (?P<topic>.+)",
    r"(?:please )?(?:can you |could you )?(?:explain|describe|introduce)(?: to me| me)? (?P<topic>.+)",
    rf"{_PLEASE}(?:all |some |more )*(?:information|info|details|everything|facts) (?:about|on) (?P<topic>.+)",
    r"¿?(?:h[áa]blame|cu[ée]ntame|dime|expl[íi]came|explica)(?: algo| más| todo)?(?: de| sobre| acerca de)? (?P<topic>.+)",
    r"¿?qu[ée] (?:se dice|dicen los art[íi]culos|se sabe) (?:de|del|sobre) (?P<topic>.+)",
)
_LEAD = re.compile(
    rf"^(?:the|an?|el|la|los|las|un|una)\s+|^(?:the |el )?{_ONE}\s+(?:about|on|of|titled|called|sobre|de)\s+(?:the\s+)?",
    re.IGNORECASE,
)
_TAIL = re.compile(rf"\s+{_ONE}$", re.IGNORECASE)
_QUOTES = " \t\n\"'“”‘’«»"
_IN_PERIOD = re.compile(r"\s+(?=(?:in|on|during|between|from|since|en|entre|desde)\s+\S*(?:\d{4}|\d{1,2} ))", re.IGNORECASE)
_PERIOD_WORDS = re.compile(
    r"(?:in|on|of|during|between|from|since|the|years?|month|and|to|until|till|through|en|el|entre|desde|durante|año|y|hasta|a"
    r"|[\s,–-])*",
    re.IGNORECASE,
)
_DECADE = re.compile(r"\b((?:1\d|20)\d)0s\b")
_QUESTION_WORD = re.compile(
    r"\b(?:who|whom|whose|when|where|which|what|why|how|whether|if|is|are|was|were|do|does|did|has|have|had|can|could|will|would"
    r"|name|list|should|qué|quién|quiénes|cuál|cuáles|cuándo|cuánto|cuántos|cuánta|cuántas|cómo|dónde)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"\b(?:it|its|this|that|these|those|he|him|his|she|her|they|them|their|esto|eso|él)\b", re.IGNORECASE)
"""A topic with one of these is that of the question before."""


def stands_alone(question: str) -> bool:
    """Return True if a question is in so many words a request for an overview, and therefore no follow-up.

    >>> stands_alone("What are these articles about?"), stands_alone("Tell me about him"), stands_alone("Caracas")
    (True, False, False)
    """
    request = recognise(question)
    return request is not None and not request.bare


def recognise(question: str) -> Request | None:
    """Return what overview a text asks for, or None if it is something else.

    >>> recognise("Summarise the Caracas article in three sentences")
    Request(kind='summary', topic='Caracas', period=None, most=3, bare=False)
    >>> recognise("What happened on 27 June 2023?")
    Request(kind='dates', topic='', period=('2023-06-27', '2023-06-27'), most=0, bare=False)
    >>> recognise("What happened to the suspect after the trial in 2012?")
    """
    text, most = _counted(" ".join(question.replace("’", "'").split()).strip("¿¡?!. "))
    if any(pattern.match(text) for pattern in _CONTENTS):
        return Request("contents", most=most)
    for pattern in _PERIOD:
        if (match := pattern.match(text)) and (period := _period(match["period"])):
            return Request("dates", period=period, most=most)
    for kind, patterns in _WITH_TOPIC.items():
        for pattern in patterns:
            if match := pattern.match(text):
                return _of_topic(kind, match["topic"], most)
    return _bare(text)


_WITH_TOPIC: dict[Kind, list[re.Pattern[str]]] = {"dates": _DATES, "summary": _SUMMARY, "mentions": _MENTIONS}


def _counted(text: str) -> tuple[str, int]:
    """Return a text without the manner and the number of sentences that it asks for, and that number, or 0."""
    text = _MANNER.sub("", text)
    if (match := _IN_SENTENCES.search(text)) is None:
        return text, 0
    n = (match["n"] or "few").casefold()
    return text[: match.start()], int(n) if n.isdecimal() else _NUMBERS.get(n, 0)


def _of_topic(kind: Kind, words: str, most: int) -> Request | None:
    about, period = words, None
    if kind == "dates" and (split := _IN_PERIOD.search(words)) and (period := _period(words[split.end() :])):
        about = words[: split.start()]
    topic = _topic(about)
    if re.fullmatch(rf"{_THESE}{_ALL}|everything|all|todo", about.strip(_QUOTES), re.IGNORECASE):
        return Request("dates", period=period, most=most) if period else Request("contents", most=most)
    if not topic or _QUESTION_WORD.search(topic) or _PRONOUN.search(topic) or len(topic.split()) > _BARE_WORDS:
        return None
    return Request(kind, topic, period, most)


def _topic(words: str) -> str:
    """Return a topic without its article, and without the word "article".

    >>> _topic("the article about “Caracas”"), _topic("the Rome Statute")
    ('Caracas', 'Rome Statute')
    """
    words = words.strip(_QUOTES)
    while (shorter := _TAIL.sub("", _LEAD.sub("", words)).strip(_QUOTES)) != words:
        words = shorter
    return words


def _bare(text: str) -> Request | None:
    if period := _period(text):
        return Request("dates", period=period, bare=True)
    topic = _topic(text)
    if not topic or len(topic.split()) > _BARE_WORDS or _QUESTION_WORD.search(topic):
        return None
    return Request("mentions", topic, bare=True)


def _period(words: str) -> Period | None:
    """Return the period that words name, and nothing else; None if they say something else as well.

    >>> _period("in the 1990s"), _period("between 2019 and May 2021"), _period("since 2020"), _period("in 2012 in Paris")
    (('1990', '1999'), ('2019', '2021-05'), ('2020', ''), None)
    """
    if decade := _DECADE.search(words):
        rest, dates = _DECADE.sub("", words), [f"{decade[1]}0", f"{decade[1]}9"]
    else:
        found = stated(words)
        dates, rest = [each.iso for each in found], words
        for each in reversed(found):
            rest = rest[: each.span.start] + rest[each.span.end :]
    if not 1 <= len(dates) <= 2 or not _PERIOD_WORDS.fullmatch(rest):
        return None
    is_open = len(dates) == 1 and re.match(r"since|desde", words, re.IGNORECASE)
    return min(dates), "" if is_open else max(dates)
