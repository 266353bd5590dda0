"""Read a follow-up with the subject of the question before it. By rule and for English; other questions stay as they are.

The subject stands in parentheses after what was typed, so that what was searched for tells the next follow-up all it needs:
a subject is kept until another is named, and all other words of the earlier turns go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

Alike = Callable[[str, str], float]
"""Say how near two names are to each other in meaning, the higher the nearer."""


class Reading(NamedTuple):
    """What is searched for, and what a follow-up was taken to be about; that is empty for a question that stands alone."""

    searched: str
    about: str = ""


_ASKING = r"who|whom|whose|when|where|which|what|why|how"
_AUXILIARIES = (
    "is are was were be been being am do does did done has have had having can could will would shall should may might must"
)
_ORDERS = "tell list name give show explain describe compare summarise summarize"
_FUNCTION_WORDS = frozenset(
    f"{_AUXILIARIES} {_ORDERS} {_ASKING.replace('|', ' ')}"
    " a an the of in on at by to for from with between about into against until since during under over per as and or but not"
    " so also than then there here now please ok okay well yet still again just more most much many long often far old details"
    " i me my you your we us our it its he him his she her hers they them their this that these those one ones".split()
)
"""Words that say nothing about what a question is about."""
_COMMON_VERBS = (
    "say says said go goes went gone come comes came take takes took taken make makes made get gets got become"
    " becomes became begin begins began start starts end ends open opens close closes leave leaves left sit sits"
    " sat stand stands stood hold holds held find finds found know knows knew mean means meant call calls happen"
    " happens win wins won lose loses lost die dies live lives serve serves elect elects sign signs write writes"
    " wrote see sees saw think thinks thought keep keeps kept pay pays paid meet meets met lead leads led set sets"
    " put run runs ran born enter enters join joins cover covers cost costs last lasts need needs want wants use"
    " uses bring brings brought"
)
_VERBS = frozenset(_COMMON_VERBS.split())
"""What is said of a subject rather than the subject: with words in "-ed", the verbs that questions are asked with."""
_JOINING = re.compile(r"^\W*(?:(?:and|but|or|so|also|ok|okay|well|then)\b[\s,]*)+", re.IGNORECASE)
_OTHER = re.compile(
    r"^\W*(?:(?:and|but|so|ok|okay)\b[\s,]*)*(?:(?:what|how)\s+about|(?:and|or|but))\s+(?P<other>.+?)\W*$", re.IGNORECASE
)
_MORE = re.compile(
    r"\W*(?:(?:can you |please )?(?:tell|give|show) (?:me|us) )?(?:some |any |the )?"
    r"(?:(?:more|further)(?: details?| information)?|details)(?: please)?\W*|\W*(?:go on|continue)(?: please)?\W*",
    re.IGNORECASE,
)
_VERBAL = re.compile(rf"\b(?:{_ASKING}|{'|'.join(f'{_AUXILIARIES} {_ORDERS}'.split())})\b", re.IGNORECASE)
_PERSON = re.compile(r"\b(?:he|him|his|she|hers?)\b", re.IGNORECASE)
_BACK_REFERENCE = re.compile(
    r"\b(?:he|him|his|she|hers?|they|them|their|its|those|these)\b"
    # "it", but not as in "Is it true that …" and "How long does it take to …"
    r"|\bit\b(?! takes?\b)(?<!\bis it)(?<!\bwas it)|\b(?:is|was) it\b(?! \w+ (?:that|to|for|if|when)\b)"
    # "there", but not as in "How many are there?"
    r"|(?<!\bare )(?<!\bis )(?<!\bwas )(?<!\bwere )(?<!\bbe )\bthere(?=\W*$)"
    r"|\b(?:this|that)(?=\W*$|\s+\w+\W*$)"
    r"|\b(?:was|is|did|does|do|has|had|of|by|in|for|to|with|about|before|after)\s+(?:this|that)\b(?!\s+(?:the|a|an)\b)",
    re.IGNORECASE,
)
# These may stand for a name of their own clause: "Did Khan tell his deputies?" Others cannot: "Did Venezuela arrest him?"
_TAKES_UP_NAMES = frozenset(("he", "his", "she", "her", "hers", "they", "their", "its"))
# "the law that applies": the noun stands before.
_RELATIVE = re.compile(r"\b(?:the|an?|any|which|what|every|each)\s+(?:\w+\s+){1,2}that\b(?=\s+\w)", re.IGNORECASE)
_CLAUSE_ENDS = re.compile(rf"[,;:?]|\b(?:and|or|but|because|if|before|after|while|that|{_ASKING})\b", re.IGNORECASE)
_OF_AN_EVENT = re.compile(r"\b(?:this|that)(?=\W*$)|\b(?:is|was|did|does|has|had) (?:this|that)\b", re.IGNORECASE)
_CONTEXT = re.compile(r"\s+\((?P<subject>[^()]+)\)$")
_CAPITALISED = r"(?<![\w-])(?:[^\W_]+-)?[^\W_]*[A-ZÀ-ÖØ-Þ][\w’'-]*(?:\.(?=\w)[\w’'-]+)*"
_NAME = re.compile(rf"{_CAPITALISED}(?:\s+(?:(?:of|for|the|de|del|la|van|von|bin)\s+){{0,2}}{_CAPITALISED})*")
_POSSESSIVE = re.compile(r"['’]s?$")
_NUMBER = re.compile(r"\d[\d.,/-]*\b")
_TOKEN = re.compile(rf"(?P<name>{_NAME.pattern})|(?P<word>\w+(?:[’'-]\w+)*)|(?P<mark>[^\w\s])")
_STANDALONE_WORDS = 3
"""A question of fewer words, leading "and" and the like aside, is a follow-up; after "and", one of just as many as well."""
_OTHER_WORDS = 5
"""What takes the place of a subject has at most so many words."""
_MOST_WORDS = 8
"""Of a longer subject only names and nouns are kept: the words of one event after another would pile up."""


def read(question: str, earlier: str, alike: Alike) -> Reading:
    """Read a question that comes after `earlier`, which is what was searched for before.

    >>> read("When was he born?", "Who is Karim Khan?", min)
    Reading(searched='When was he born? (Karim Khan)', about='Karim Khan')
    >>> read("Who were his deputies?", "When was he born? (Karim Khan)", min).searched
    'Who were his deputies? (Karim Khan)'
    >>> read("And when was that?", "Who signed the agreement with ILANUD?", min).searched
    'And when was that? (signed, agreement, ILANUD)'
    >>> read("What about 2020?", "How many judges were elected in 2017?", min)
    Reading(searched='How many judges were elected in 2020?', about='2020')
    >>> read("How many judges does the Court have?", "Who is Karim Khan?", min).about
    ''
    """
    if not earlier.strip():
        return Reading(question)
    context = _CONTEXT.search(earlier.strip())
    before = earlier.strip()[: context.start()] if context else earlier.strip()
    subject = context["subject"] if context else ""
    if other := _other(question):
        return _about_another(other, before, subject, alike)
    about = _about(question, before, subject) if _is_follow_up(question) else ""
    return Reading(f"{question.strip()} ({about})" if about else question, about)


# --- what is a follow-up -----------------------------------------------------------------------------------------


def _other(question: str) -> str:
    """Return what takes the place of the subject, as in "What about Katanga?" and "And the ICC's?"; empty if nothing does."""
    match = _OTHER.match(question)
    if not match or _refers_back(match["other"]) or _VERBAL.search(match["other"]) or not _content(match["other"]):
        return ""
    other = re.sub(r"^(?:(?:in|on|at|by|for|from|with|of|to|the)\s+)+", "", match["other"], flags=re.IGNORECASE)
    return _POSSESSIVE.sub("", other) if len(other.split()) <= _OTHER_WORDS else ""


def _is_follow_up(question: str) -> bool:
    bare = _JOINING.sub("", question)
    fewest = _STANDALONE_WORDS if len(bare.split()) == len(question.split()) else _STANDALONE_WORDS + 1
    # Two words that say something are what people search for: "Lubanga sentence".
    is_short = len(bare.split()) < fewest and not names(bare) and len(_content(bare)) < 2
    return is_short or bool(_MORE.fullmatch(question)) or _refers_back(question)


def _refers_back(question: str) -> bool:
    """Return True if a pronoun stands for something outside the question."""
    own = _RELATIVE.sub(" ", question)
    named = next((match.end() for match in _NAME.finditer(own) if _without_function_words(match.group())), len(own))
    references = [
        each
        for each in _BACK_REFERENCE.finditer(own)
        if not (each.start() > named and each.group().casefold() in _TAKES_UP_NAMES)
    ]
    if not references:
        return False
    # "When did the trial begin, and who presided over it?" says itself what "it" stands for.
    ends = [match.start() for match in _CLAUSE_ENDS.finditer(own, 0, references[0].start())]
    return not (ends and _phrases(own[: ends[-1]]))


# --- what it is about --------------------------------------------------------------------------------------------


def _about(question: str, before: str, subject: str) -> str:
    """Return the words of the question before that a follow-up takes up."""
    if subject and _PERSON.search(question) and _PERSON.search(before):
        return subject
    if _is_of_an_event(question):
        event = _joined([*_phrases(before, verbs=True), *subject.split(", ")])
        return event if len(event.split()) <= _MOST_WORDS else _joined(_phrases(event))
    named = names(before)
    # A single short name, such as that of the organisation that all articles are about, says too little.
    is_telling = len(named) > 1 or any(" " in name for name in named)
    things = named if is_telling else _phrases(before) if named else _phrases(subject)
    return _joined(things or _phrases(before))


def _is_of_an_event(question: str) -> bool:
    """Return True if a follow-up takes up all that was asked: "Why?", "And when was that?", "More details, please"."""
    return not _refers_back(question) or bool(_OF_AN_EVENT.search(question) and not _PERSON.search(question))


def _about_another(other: str, before: str, subject: str, alike: Alike) -> Reading:
    """Ask the question before of another subject: in the place of the name, or of the number, that is most like it."""
    is_number = bool(_NUMBER.match(other))
    find = _NUMBER.findall if is_number else names
    candidates = [*find(before), *find(subject)] if find(other) else []
    old = max(candidates, key=lambda each: alike(other, each)) if len(candidates) > 1 else "".join(candidates)
    if old and old in before:
        return Reading(f"{before.replace(old, other, 1)}{f' ({subject})' if subject else ''}", other)
    kept = [each for each in subject.split(", ") if is_number and each != old]
    return Reading(f"{before} ({_joined([*kept, other])})", other)


# --- words -------------------------------------------------------------------------------------------------------


def names(text: str) -> list[str]:
    """Return the capitalised names in a text, without the words that only begin it, each once.

    >>> names("Did the Trust Fund for Victims pay Germain Katanga's victims?")
    ['Trust Fund for Victims', 'Germain Katanga']
    """
    return list(dict.fromkeys(filter(None, (_without_function_words(match.group()) for match in _NAME.finditer(text)))))


def _without_function_words(name: str) -> str:
    words = _POSSESSIVE.sub("", name).split()
    while words and words[0].casefold() in _FUNCTION_WORDS:
        words = words[1:]
    return " ".join(words)


def _tokens(text: str) -> Iterator[str]:
    """Yield names and words that say something, and an empty text for each word and mark between them."""
    for match in _TOKEN.finditer(text):
        token = _without_function_words(match["name"]) if match["name"] else _POSSESSIVE.sub("", match["word"] or "")
        is_letter = len(token) == 1 and token.islower()
        yield "" if is_letter or token.casefold() in _FUNCTION_WORDS else token


def _content(text: str) -> list[str]:
    return [token for token in _tokens(text) if token]


def _phrases(text: str, *, verbs: bool = False) -> list[str]:
    """Return the names and nouns of a text, those that stand side by side as one phrase; with `verbs`, verbs as well."""
    kept = (token if verbs or not _is_verb(token) else "" for token in _tokens(text))
    return [" ".join(run) for is_phrase, run in groupby(kept, bool) if is_phrase]


def _is_verb(token: str) -> bool:
    return token.casefold() in _VERBS or bool(re.fullmatch(r"[a-z]{2,}ed", token))


def _joined(phrases: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(filter(None, phrases)))
