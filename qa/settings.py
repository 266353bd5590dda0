"""Every tunable, with its default and its reason, in one frozen value."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from qa.errors import SettingsError

_RANGES = dict.fromkeys(("lexical_weight", "rerank_weight", "wrong_share"), (0.0, 1.0)) | {"title_weight": (0.0, 100.0)}


def _said(low: float, high: float) -> str:
    return f"from {low:g} to {high:g}" if high < float("inf") else "more than 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that can be tuned. Unknown keys and impossible values raise `SettingsError`.

    >>> Settings.of({"passage_tokens": 180}).passage_tokens
    180
    """

    encoder: str = "all-MiniLM-L6-v2"
    """The bundled model; or the folder, or the locally cached name, of any sentence-transformers model."""

    language: str = "en"
    """Two-letter code for the sentence splitter's rules."""

    passage_tokens: int = 230
    """No passage is longer. A little under the default encoder's window of 256."""

    join_tokens: int = 64
    """Short neighbouring paragraphs are joined up to this size."""

    lexical_weight: float = 0.5
    """Weight of the words in the fused score, 0 to 1; the rest is that of the sentence vectors. Best on both tuning sets."""

    title_weight: float = 0.5
    """What a question's word in the title counts beside one in the passage. More misleads where titles are long."""

    fusion: str = "convex"
    """How both are joined: "convex" sum of scores, or "rrf", reciprocal ranks."""

    candidates: int = 100
    """Passages taken from each ranking."""

    rerank: str = "maxsim"
    """How the best are reranked: "maxsim" (late interaction), "none", or a cross-encoder by folder or locally cached name."""

    rerank_depth: int = 40
    """How many passages are reranked. Ten cost half a point of MRR, fifty gain nothing."""

    rerank_encoded: int = 12
    """Of these, how many may be encoded for it, if their token vectors are not kept: each takes some 30 ms."""

    rerank_weight: float = 0.8
    """Weight of the rerank score in the final score; the rest is that of the fused score."""

    token_store_mb: float = 2_000
    """Disk for the token vectors that reranking compares, about 20 kB a passage; those beyond are encoded when needed."""

    rerank_cache_mb: float = 64
    """Memory for token vectors that are not kept on disk, of passages reranked lately."""

    wrong_share: float = 0.1
    """Fraction of the answers that may be wrong if one question in three has no answer: sets the confidence needed."""

    budget_ms: float = float("inf")
    """Time for a question; passages that are not reranked within it keep their first rank."""

    article_bytes: int = 20_000_000
    """Larger files are reported and skipped."""

    article_s: float = 60.0
    """Articles that take longer to be cut into passages are reported and skipped."""

    upload_total_bytes: int = 1_000_000_000
    """How much a server takes in uploads from its start to its end; those beyond are refused."""

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
                raise SettingsError(f"setting {setting.name} is {value!r}: it must be {_said(low, high)}")
        if self.fusion not in ("convex", "rrf"):
            raise SettingsError(f"setting fusion is {self.fusion!r}: it is 'convex' or 'rrf'")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Settings:
        """Build settings from a mapping of names to values."""
        known = [setting.name for setting in fields(cls)]
        for name in values:
            if name not in known:
                raise SettingsError(f"setting {name!r} is unknown: the settings are {', '.join(known)}")
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
