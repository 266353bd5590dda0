"""The progress of a sync, in words and as HTML, and the field for new articles. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qa.web.background_sync import SyncProgress
from qa.web.markup import escape, say
from qa.web.messages import Words

_MINUTE_S = 90


def sync(progress: SyncProgress, overview: str, words: Words) -> str:
    """Return the progress of a sync, or the `overview` if none runs, and the files that cannot be read."""
    hidden, value = ("", f' value="{progress.done}"') if progress.running else (" hidden", "")
    bar = f'<progress id="qa-sync-bar" aria-labelledby="qa-sync-said" max="{max(1, progress.total)}"{value}{hidden}></progress>'
    text = summary(progress, words) if progress.running or progress.error else overview
    disabled = " disabled" if progress.running else ""
    again = f'<button type="button" id="qa-sync-again"{disabled}>{say(words, "look_again")}</button>'
    return f'<div class="qa-sync"><p id="qa-sync-said">{escape(text)}</p>{bar}{again}{_failures(progress, words)}</div>'


def _failures(progress: SyncProgress, words: Words) -> str:
    if not progress.failed:
        return ""
    title = say(words, "files_unread", files=words.counted(len(progress.failed), "file"))
    rows = "".join(f"<li><bdi>{escape(each.article_id)}</bdi>: {escape(each.reason)}</li>" for each in progress.failed)
    return f'<details id="qa-failures"><summary>{title}</summary><ul>{rows}</ul></details>'


def overview(articles: int, passages: int, changed: int, words: Words) -> str:
    """Return how much is indexed, and whether that is up to date with the folder."""
    if not articles:
        return words("nothing_indexed")
    counts = {"articles": words.counted(articles, "article"), "passages": words.counted(passages, "passage")}
    return words("some_behind", **counts, files=words.counted(changed, "file")) if changed else words("all_in_step", **counts)


def summary(progress: SyncProgress, words: Words) -> str:
    """Return the progress of a sync in one line, or what it did."""
    if progress.error:
        return progress.error
    if progress.running:
        return " · ".join(filter(None, _steps(progress, words)))
    report = progress.report
    if report is None:
        return ""
    changes = {"added": report.added, "changed_count": report.changed, "renamed": report.renamed, "removed": report.removed}
    done = [words(name, number=words.number(count)) for name, count in changes.items() if count]
    return ", ".join(done) or words("unchanged")


def _steps(progress: SyncProgress, words: Words) -> Iterator[str]:
    yield words(progress.stage or "starting")
    if progress.total > 1:
        yield words("of", done=words.number(progress.done), total=words.number(progress.total))
    if progress.per_second >= 1:
        yield words("per_second", number=words.number(round(progress.per_second)))
    if (left := progress.seconds_left) is not None:
        minutes = left > _MINUTE_S
        yield words("minutes_left" if minutes else "seconds_left", number=words.number(round(left / 60 if minutes else left)))
    yield progress.article_id


def upload(kinds: Sequence[str], words: Words) -> str:
    """Return the field in which new articles are chosen."""
    label = say(words, "add_articles", kinds=", ".join(kinds))
    return (
        f'<p class="qa-field qa-upload"><label for="qa-upload">{label}</label>'
        f'<input id="qa-upload" type="file" accept="{escape(",".join(kinds))}" multiple></p>'
        '<div id="qa-upload-said" role="status"></div>'
    )
