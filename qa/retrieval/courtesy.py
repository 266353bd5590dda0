"""Recognise what is no question: greetings, thanks, and the wish to know what can be asked. In English and Spanish."""

from __future__ import annotations

import re
from typing import Literal

Courtesy = Literal["greeting", "thanks", "help", ""]
"""What is said instead of a question; empty for anything else."""

_SAID: dict[Courtesy, str] = {
    "greeting": (
        "hello|hi|hey|hello there|hi there|good morning|good afternoon|good evening|how are you|hola|buenos días"
        "|buenas tardes|buenas noches|buenas|qué tal|cómo estás"
    ),
    "thanks": (
        "thanks|thank you|many thanks|thanks a lot|thank you very much|thank you so much|thx|bye|goodbye|ok|okay"
        "|good|great|perfect|got it|i see|that is all|that helps|that helped|gracias|muchas gracias|mil gracias"
        "|vale|bien|perfecto|genial|entendido|adiós"
    ),
    "help": (
        "help|help me|please help|can you help|can you help me|what can you do|what can i ask|what can i ask you"
        "|what can i do here|what do you do|what should i ask|how does this work|who are you|how do i use this"
        "|how do you work|ayuda|ayúdame|qué puedes hacer|qué puedo preguntar|qué se puede preguntar|cómo funciona"
        "|cómo funciona esto|quién eres"
    ),
}
_KINDS: dict[str, Courtesy] = {words: kind for kind, said in _SAID.items() for words in said.split("|")}
_WEIGHTIER: tuple[Courtesy, ...] = ("help", "thanks", "greeting")


def courtesy(text: str) -> Courtesy:
    """Return what a text is if all of it is courtesy; empty if it asks or names anything.

    >>> courtesy("Ok, thanks a lot."), courtesy("Hi, what can you do?"), courtesy("Hello, who is Karim Khan?")
    ('thanks', 'help', '')
    """
    whole = " ".join(re.findall(r"\w+", text.casefold()))
    parts = [" ".join(re.findall(r"\w+", part)) for part in re.split(r"[,.;:!?¡¿\n]+", text.casefold())]
    kinds = {_KINDS.get(part, "") for part in ([whole] if whole in _KINDS else filter(None, parts))}
    return next((kind for kind in _WEIGHTIER if kind in kinds), "") if "" not in kinds else ""
