"""What this package raises. Every message is one line: what, where, and the way out."""


class QaError(Exception):
    """The root of all errors raised on purpose by this package."""


class SettingsError(QaError):
    """A setting is unknown or has a value that cannot work."""


class FolderError(QaError):
    """The folder of articles, or the folder of the index, is missing, empty or cannot be used."""


class QuestionError(QaError):
    """The question is empty or too long, or `k` is not a positive number."""


class EncoderError(QaError):
    """The encoder cannot be loaded, or its weights are not the ones expected."""


class IndexMismatchError(QaError):
    """The index was built with another encoder or other passage settings."""


class DamagedError(QaError):
    """The catalog on disk cannot be read."""


class LockedError(QaError):
    """Another process is writing to the same index."""


class CitationError(QaError):
    """What should be a saved citation is none."""


class EvaluationError(QaError):
    """There is nothing to measure with: no questions, no index, or a set that cannot be read."""


class MissingExtraError(QaError):
    """A feature needs a package that is not installed."""

    def __init__(self, feature: str, *, extra: str) -> None:
        super().__init__(f"{feature} needs packages that are not installed: run 'pip install \"qa[{extra}]\"'")
