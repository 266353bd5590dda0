"""How a sync goes, in words and as HTML, and the field that takes new articles. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qa.web.background_sync import Underway
from qa.web.markup import escape, say
from qa.web.messages import Words

_MINUTE_S = 90


def sync(underway: Underway, overview: str, words: Words) -> str:
    """Return how a sync goes, or where the library stands, `overview`, and which files cannot be read."""
    hidden, value = ("", f' value="{underway.done}"') if underway.running else (" hidden", "")
    bar = f'<progress id="qa-sync-bar" aria-labelledby="qa-sync-said" max="{max(1, underway.total)}"{value}{hidden}></progress>'
    said = said_of(underway, words) if underway.running or underway.error else overview
    disabled = " disabled" if underway.running else ""
    again = f'<button type="button" id="qa-sync-again"{disabled}>{say(words, "look_again")}</button>'
    return f'<div class="qa-sync"><p id="qa-sync-said">{escape(said)}</p>{bar}{again}{_failures(underway, words)}</div>'


def _failures(underway: Underway, words: Words) -> str:
    if not underway.failed:
        return ""
    said = say(words, "files_unread", files=words.counted(len(underway.failed), "file"))
    rows = "".join(f"<li><bdi>{escape(each.article_id)}</bdi>: {escape(each.reason)}</li>" for each in underway.failed)
    return f'<details id="qa-failures"><summary>{said}</summary><ul>{rows}</ul></details>'


def overview(articles: int, passages: int, behind: int, words: Words) -> str:
    """Return how much is indexed, and whether that is all there is."""
    if not articles:
        return words("nothing_indexed")
    known = {"articles": words.counted(articles, "article"), "passages": words.counted(passages, "passage")}
    return words("some_behind", **known, files=words.counted(behind, "file")) if behind else words("all_in_step", **known)


def said_of(underway: Underway, words: Words) -> str:
    """Return in one line how a sync goes, or what it did."""
    if underway.error:
        return underway.error
    if underway.running:
        return " · ".join(filter(None, _steps(underway, words)))
    report = underway.report
    if report is None:
        return ""
    counts = {"added": report.added, "changed_count": report.changed, "renamed": report.renamed, "removed": report.removed}
    done = [words(name, number=words.number(count)) for name, count in counts.items() if count]
    return ", ".join(done) or words("unchanged")


def _steps(underway: Underway, words: Words) -> Iterator[str]:
    yield words(underway.stage or "starting")
    if underway.total > 1:
        yield words("of", done=words.number(underway.done), total=words.number(underway.total))
    if underway.per_second >= 1:
        yield words("per_second", number=words.number(round(underway.per_second)))
    if (left := underway.seconds_left) is not None:
        minutes = left > _MINUTE_S
        yield words("minutes_left" if minutes else "seconds_left", number=words.number(round(left / 60 if minutes else left)))
    yield underway.article_id


def upload(kinds: Sequence[str], words: Words) -> str:
    """Return the field that takes articles."""
    label = say(words, "add_articles", kinds=", ".join(kinds))
    return (
        f'<p class="qa-field qa-upload"><label for="qa-upload">{label}</label>'
        f'<input id="qa-upload" type="file" accept="{escape(",".join(kinds))}" multiple></p>'
        '<div id="qa-upload-said" role="status"></div>'
    )
