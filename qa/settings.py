"""Define every setting, with its default and the reason for it, in one frozen value."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from qa.errors import SettingsError

_RANGES = dict.fromkeys(("lexical_weight", "rerank_weight", "wrong_share"), (0.0, 1.0)) | {"title_weight": (0.0, 100.0)}


def _range_text(low: float, high: float) -> str:
    return f"from {low:g} to {high:g}" if high < float("inf") else "more than 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings. Unknown keys and impossible values raise `SettingsError`.

    >>> Settings.of({"passage_tokens": 180}).passage_tokens
    180
    """

    encoder: str = "all-MiniLM-L6-v2"
    """The bundled model; or the folder, or the locally cached name, of any sentence-transformers model."""

    language: str = "en"
    """Two-letter code of the language whose rules split sentences."""

    passage_tokens: int = 230
    """The most tokens in a passage: a little under the default encoder's window of 256."""

    join_tokens: int = 64
    """Short neighbouring paragraphs are joined up to this many tokens."""

    lexical_weight: float = 0.5
    """Weight of the words in the fused score, 0 to 1; sentence vectors have the rest. The best value on both tuning sets."""

    title_weight: float = 0.5
    """Weight of a question's word in the title, relative to one in the passage. A higher one misleads if titles are long."""

    fusion: str = "convex"
    """How both scores are fused: by a "convex" sum, or by reciprocal ranks ("rrf")."""

    candidates: int = 100
    """Passages taken from each ranking: with a hundred, hardly any question loses a hit (benchmarks/RESULTS.md)."""

    rerank: str = "maxsim"
    """How the best passages are reranked: "maxsim" (late interaction), "none", or a cross-encoder by folder or cached name."""

    rerank_depth: int = 40
    """How many passages are reranked. With ten, MRR is half a point lower; fifty gain nothing."""

    rerank_encoded: int = 12
    """How many of these may be encoded for it, if their token vectors are not stored: each takes some 30 ms."""

    rerank_weight: float = 0.8
    """Weight of the rerank score in the final score; the fused score has the rest."""

    token_store_mb: float = 2_000
    """Disk space for token vectors, about 20 kB a passage; those beyond it are encoded when needed."""

    rerank_cache_mb: float = 64
    """Memory for the token vectors of recently reranked passages that are not stored on disk."""

    reader: str = "qa-reader"
    """The bundled reader; or any extractive question-answering model by folder or locally cached name; or "none". It sees
    question and passage together, and says which words answer, if any."""

    wrong_share: float = 0.2
    """Fraction of the answers that may be wrong if one question in three has no answer, one in twelve being a near miss: it
    sets the confidence needed. With 0.1, two in five right answers would be shown as unsure instead."""

    budget_ms: float = float("inf")
    """Time for a question; passages that are not reranked within it keep their fused order."""

    article_bytes: int = 20_000_000
    """Larger files are reported and skipped."""

    article_s: float = 60.0
    """Articles that take longer to be read or to be cut into passages are reported and skipped."""

    upload_total_bytes: int = 1_000_000_000
    """The most bytes that a server accepts in uploads between its start and its end; further uploads are refused."""

    question_chars: int = 2_000
    """Longer questions are refused."""

    lock_timeout_s: float = 10.0
    """How long a sync waits for another process that writes to the same index."""

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            kinds: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}
            if not isinstance(value, kinds[str(setting.type)]) or isinstance(value, bool):
                raise SettingsError(f"setting {setting.name} is {value!r}: it takes a value of type {setting.type}")
            low, high = _RANGES.get(setting.name, (1e-9, float("inf")))
            if isinstance(value, int | float) and not low <= value <= high:
                raise SettingsError(f"setting {setting.name} is {value!r}: it must be {_range_text(low, high)}")
        if self.fusion not in ("convex", "rrf"):
            raise SettingsError(f"setting fusion is {self.fusion!r}: it is 'convex' or 'rrf'")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Settings:
        """Build settings from a mapping of names to values."""
        names = [setting.name for setting in fields(cls)]
        for name in values:
            if name not in names:
                raise SettingsError(f"setting {name!r} is unknown: the settings are {', '.join(names)}")
        return cls(**values)

    @classmethod
    def load(cls, path: str | Path) -> Settings:
        """Read settings from a TOML file of `name = value` lines."""
        try:
            values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError(f"settings file {path} cannot be read: {error.strerror or error}") from error
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"settings file {path} is not valid TOML: {error}") from error
        return cls.of(values)
