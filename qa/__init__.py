"""Ask a folder of articles a question and get the passages that answer it, with citations that can be checked.

>>> from qa import retrieve
>>> hits = retrieve("Who opened an office in Caracas?", k=3)  # doctest: +SKIP
>>> print(hits[0].citation)  # doctest: +SKIP
"""

from qa.citation import Citation, Verdict
from qa.encoding.base import Encoder
from qa.errors import (
    CitationError,
    DamagedError,
    EncoderError,
    EvaluationError,
    FolderError,
    IndexMismatchError,
    LockedError,
    MissingExtraError,
    QaError,
    QuestionError,
    SettingsError,
)
from qa.library import Library
from qa.results import Answer, Hit, Why
from qa.settings import Settings
from qa.shortcut import retrieve
from qa.text.span import Span
from qa.types import Article, Failure, Passage, Progress, SyncReport
from qa.where import Where

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Article",
    "Citation",
    "CitationError",
    "DamagedError",
    "Encoder",
    "EncoderError",
    "EvaluationError",
    "Failure",
    "FolderError",
    "Hit",
    "IndexMismatchError",
    "Library",
    "LockedError",
    "MissingExtraError",
    "Passage",
    "Progress",
    "QaError",
    "QuestionError",
    "Settings",
    "SettingsError",
    "Span",
    "SyncReport",
    "Verdict",
    "Where",
    "Why",
    "__version__",
    "retrieve",
]
