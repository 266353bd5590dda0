"""What a fuzzer feeds: each target takes any bytes, and raises only where a promise is broken.

`python tests/fuzz.py TARGET -max_total_time=600` runs one under atheris (`pip install atheris`), from the corpus that is kept
in `tests/corpus/TARGET`; `test_fuzz.py` feeds that corpus without it.
"""

import json
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from small_encoder import SmallEncoder

from qa import Article, CitationError, Failure, Library, QaError, QuestionError, Settings, SettingsError, Where
from qa.citation import saved
from qa.reading import formats, ignore, passages
from qa.retrieval import follow_up, question
from qa.text import dates, periods

CORPUS = Path(__file__).with_name("corpus")
ENCODER = SmallEncoder()


@contextmanager
def refused_in_one_line(kind: type[Exception]) -> Iterator[None]:
    """Let pass what is refused as it should be."""
    said = ""
    try:
        yield
    except kind as error:
        said = str(error)
    assert "\n" not in said


def article(data: bytes) -> None:
    """Any file is an article that is cut exactly, or a failure of one line."""
    read = formats.read("a.md", data)
    if isinstance(read, Failure):
        assert "\n" not in read.reason
        return
    assert isinstance(read, Article)
    for field in (read.title, read.date, read.source, read.url, *read.tags):
        assert field.isprintable()
    for passage in passages.split(read, ENCODER.token_spans, ENCODER.budget, Settings()):
        assert passage.span.of(read.text) == passage.text
        assert all(span.of(read.text).strip() for span in passage.sentences)


def front_matter(data: bytes) -> None:
    """Any head is metadata of plain text, or none."""
    article(b"---\n" + data + b"\n---\nThe prosecutor opened an office in Caracas.")


def extracted(data: bytes) -> None:
    """Any bytes are an article whose text can be kept, or a failure of one line, whatever kind they are said to be."""
    for suffix in (".eml", ".mbox", ".jsonl", ".json", ".ipynb"):
        read = formats.read(f"a{suffix}", data)
        if isinstance(read, Failure):
            assert "\n" not in read.reason
        else:
            assert read.text.encode().strip()
            starts = [each.start for each in read.locators]
            assert starts == sorted(starts)
            assert all(field.isprintable() for field in (read.title, read.date, read.author, *read.notes))


def asked(data: bytes) -> None:
    """Any question is taken apart into questions."""
    first, _, second = data.decode("utf-8", "replace").partition("\n")
    if not first.strip():
        return  # It is refused.
    kind = question.answer_type(first)
    question.dates_or_figures(kind, second)
    assert all(part.strip() for part in question.parts(first))
    assert all(Where(after=after, before=before) for after, before in filter(None, [periods.limit(first)]))
    assert follow_up.read(first, second, lambda one, other: 0.0).searched.strip()
    for found in dates.stated(first):
        assert found.span.of(first)


def where(data: bytes) -> None:
    """Any filter admits or does not, or is refused in one line."""
    text = data.decode("utf-8", "replace")
    for filter_of in (Where.of_query, lambda text: Where.of(json.loads(text))):
        with suppress(ValueError, RecursionError), refused_in_one_line(QuestionError):  # ValueError: no JSON.
            found = filter_of(text)
            assert isinstance(found.admits(Article("a/b.md", "", "", 0, "2024-01", "AP", "", ("icc",))), bool)
            assert Where.of_query(found.query()) == found
            assert all(left != found for _, _, left in found.parts())


def ignored(data: bytes) -> None:
    """Any `.qaignore` leaves a path out or does not, and what of it cannot be used is said in one line."""
    patterns = ignore.patterns(data)
    assert "\n" not in patterns.complaint
    for path in ("a.md", "a/", "a/b c/[x].md", "a" * 255, "a/" * 100):
        assert patterns.leave_out(path) in (True, False, None)


def settings(data: bytes) -> None:
    """Any settings are taken, or refused in one line."""
    with suppress(tomllib.TOMLDecodeError, RecursionError), refused_in_one_line(SettingsError):
        Settings.of(tomllib.loads(data.decode("utf-8", "replace")))


def citation(data: bytes) -> None:
    """Anything saved holds citations that hold or do not, or is refused in one line."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    with refused_in_one_line(CitationError):
        for each in saved(value):
            assert not each.verify(CORPUS / "nothing").holds
            assert len(each.quote) == each.span.end - each.span.start


class _Catalog:
    """A catalog in which some bytes are others: four say where, one says what."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="qa-fuzz-"))
        (self.folder / "seeds").mkdir()
        for n in range(4):
            head = f"---\ntitle: Article {n}\ndate: 202{n}-01-01\ntags: [a, b]\n---\n\n"
            (self.folder / "seeds" / f"{n}.md").write_text(f"{head}The prosecutor opened office {n} in Caracas.")
        with self._library("whole") as library:
            library.sync()
        self.content = (self.folder / "whole" / "catalog.sqlite").read_bytes()

    def _library(self, name: str) -> Library:
        return Library(self.folder / "seeds", self.folder / name, encoder=SmallEncoder())

    def __call__(self, data: bytes) -> None:
        """Whatever a catalog holds, it answers with what stands in the files, or says in one line what to do."""
        content = bytearray(self.content)
        for start in range(0, len(data) - 4, 5):
            content[int.from_bytes(data[start : start + 4]) % len(content)] = data[start + 4]
        shutil.rmtree(self.folder / "odd", ignore_errors=True)
        shutil.copytree(self.folder / "whole", self.folder / "odd")
        (self.folder / "odd" / "catalog.sqlite").write_bytes(content)
        with self._library("odd") as library:
            for act in (lambda: library.ask("Who opened office 2 in Caracas?"), library.sync, library.status):
                with refused_in_one_line(QaError):
                    act()
            library.sync(rebuild=True)
            assert library.retrieve("office 2 in Caracas", 1)[0].citation.verify(self.folder / "seeds").standing == "exact"


def catalog():
    """Return the target, with a catalog made for it."""
    return _Catalog()


TARGETS = {each.__name__: each for each in (article, front_matter, extracted, asked, where, ignored, settings, citation)}
"""By name; `catalog` is made when it is needed."""


def main() -> None:
    """Run one target under atheris."""
    import atheris

    name, *options = sys.argv[1:]
    target = catalog() if name == "catalog" else TARGETS[name]
    with tempfile.TemporaryDirectory() as found:  # What is new goes there, not into the corpus.
        atheris.Setup([sys.argv[0], *options, found, str(CORPUS / name)], target)
        atheris.Fuzz()


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    main()
