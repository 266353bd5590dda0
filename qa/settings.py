"""Every tunable, with its default and its reason, in one frozen value."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from qa.errors import SettingsError


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

    join_tokens: int = 128
    """Short neighbouring paragraphs are joined up to this size."""

    article_bytes: int = 20_000_000
    """Larger files are reported and skipped."""

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
            if isinstance(value, int | float) and value <= 0:
                raise SettingsError(f"setting {setting.name} is {value!r}: it must be more than 0")

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
