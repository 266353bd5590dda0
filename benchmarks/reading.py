"""Read every file of a folder, and say how long each kind took and what could not be read.

python -m benchmarks reading FOLDER: prints a table with, for each kind, the files, those that failed, the characters of text,
and the time of the processor; of PDF also the pages a second. The first file of a kind loads its library, and is read twice.
"""

import argparse
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from qa.reading import folder, formats
from qa.types import Article, Failure, kind


@dataclass
class Tally:
    """What reading the files of a kind came to."""

    articles: int = 0
    characters: int = 0
    pages: int = 0
    seconds: float = 0.0
    reasons: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    tallies: dict[str, Tally] = defaultdict(Tally)
    for file in folder.scan(options.folder).files:
        content = file.path.read_bytes()
        if kind(file.id) not in tallies:
            formats.read(file.id, content)
        tally(tallies[kind(file.id)], file.id, content)
    print("| kind | files | failed | characters | CPU ms a file | pages/s |\n|---|---|---|---|---|---|")
    for name, each in sorted(tallies.items()):
        count = each.articles + len(each.reasons)
        speed = f"{each.pages / each.seconds:,.0f}" if each.pages else ""
        ms = 1000 * each.seconds / count
        print(f"| {name} | {count} | {len(each.reasons)} | {each.characters:,} | {ms:.1f} | {speed} |")
    for name, each in sorted(tallies.items()):
        for reason in each.reasons:
            print(f"{name}: {reason}")


def tally(found: Tally, id: str, content: bytes) -> None:
    """Read a file, and add what came of it."""
    started = time.process_time()
    article = formats.read(id, content)
    found.seconds += time.process_time() - started
    if isinstance(article, Failure):
        found.reasons.append(f"{id}: {article.reason}")
        return
    found.articles += 1
    found.characters += len(article.text)
    found.pages += pages(article)


def pages(article: Article) -> int:
    """Return how many pages of an article have text."""
    return sum(each.kind == "page" for each in article.locators)


if __name__ == "__main__":
    main()
