"""Define the errors of this package. Every message is one line: what, with the value, then the way out."""

from collections.abc import Iterator
from contextlib import contextmanager


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
    """A saved citation is malformed."""


class EvaluationError(QaError):
    """Nothing can be measured: there are no questions or no index, or a set cannot be read."""


class MissingExtraError(QaError):
    """A feature needs a package that is not installed."""

    def __init__(self, feature: str, *, extra: str) -> None:
        super().__init__(f"{feature} needs packages that are not installed: run 'pip install \"qa[{extra}]\"'")


@contextmanager
def sober() -> Iterator[None]:
    """Turn whatever a library raises for damaged files, including a panic in Rust, into a `ValueError`.

    Usable as a decorator. A panic is not an `Exception`, and its class cannot be imported to catch it by.
    """
    try:
        yield
    except QaError:
        raise
    except Exception as error:
        raise ValueError(_first_line(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError(_first_line(error)) from error


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
