"""A store in memory, in as few lines as the protocol allows: for the test that nothing above the store needs another."""

import math
import re
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from qa.store.base import ArticleInfo, Candidate, Counts, FileState, Manifest, PassageTokens, Term
from qa.text.span import Span
from qa.where import EVERYWHERE

_WORD = re.compile(r"\w+")


def forms(text):
    return frozenset(word.casefold() for word in _WORD.findall(text))


class FakeState:
    """A snapshot, and what an edit changes: plain dictionaries."""

    def __init__(self):
        self.manifest = Manifest()
        self.stored = {}  # id: (StoredArticle, key of the title's input, [(key, passage, key of its input)])
        self.kept_vectors, self.kept_tokens = {}, {}
        self.noted, self.calibrated = {}, None

    # --- a snapshot ---

    def rows(self):
        return [(key, passage, name) for _, _, rows in self.stored.values() for key, passage, name in rows]

    def counts(self):
        passages = [passage for _, passage, _ in self.rows()]
        return Counts(len(self.stored), len(passages), sum(len(each.sentences) for each in passages))

    def articles(self):
        for id, (stored, _, rows) in sorted(self.stored.items()):
            article = stored.article
            about = article.title, article.date, article.source, article.tags, article.author
            yield ArticleInfo(id, *about, len(rows), article.notes)

    def article(self, id):
        return self.stored[id][0] if id in self.stored else None

    def known(self):
        return {id: FileState(stored.stamp, stored.sha256, stored.reader) for id, (stored, *_) in self.stored.items()}

    def failures(self):
        return self.noted

    def calibration(self):
        return self.calibrated

    def keys(self, where=EVERYWHERE):
        admitted = {each.id for each in self.articles() if where.admits(each)}
        return np.array(sorted(key for key, passage, _ in self.rows() if passage.article_id in admitted), np.int64)

    def passages(self, keys):
        wanted = set(keys)
        return {key: passage for key, passage, _ in sorted(self.rows(), key=lambda row: row[0]) if key in wanted}

    def passage_vectors(self, keys):
        return {key: self.kept_vectors[name] for key, _, name in self.rows() if key in set(keys)}

    def vectors(self, article_ids):
        for id in article_ids:
            for _, _, name in self.stored[id][2] if id in self.stored else ():
                yield id, self.kept_vectors[name]

    def tokens(self, keys):
        return {
            key: PassageTokens(stored.article.title, self.kept_tokens.get(name, b""), self.kept_tokens.get(title, b""))
            for stored, title, rows in self.stored.values()
            for key, _, name in rows
            if key in set(keys)
        }

    def terms(self, question):
        texts = [forms(passage.text) for _, passage, _ in self.rows()]
        idf = Counter(word for text in texts for word in text)
        spans = {Span(*word.span()): word.group().casefold() for word in _WORD.finditer(question)}
        return tuple(
            Term(span, (word,), math.log(1 + len(texts) / (1 + idf[word])), word not in self.words(""))
            for span, word in spans.items()
        )

    def words(self, beginning):
        texts = [
            forms(f"{stored.article.title} {passage.text}")
            for stored, _, rows in self.stored.values()
            for _, passage, _ in rows
        ]
        return Counter(word for text in texts for word in text if word.startswith(beginning))

    def forms(self, text):
        return forms(text)

    def candidates(self, query, k, where=EVERYWHERE, *, exclude=(), rankings):
        keys = set(self.keys(where).tolist()) - set(exclude)
        total = sum(term.idf for term in query.terms) or 1.0
        return [
            Candidate(
                key,
                np.asarray(self.kept_vectors[name] @ query.vector, np.float32),
                sum(term.idf for term in query.terms if forms(passage.text).intersection(term.forms)) / total,
            )
            for key, passage, name in self.rows()
            if key in keys
        ]


class FakeEdit:
    """The one writer: staged articles are kept apart until `publish`."""

    def __init__(self, store):
        self.store = store
        self.manifest = store.state.manifest
        self.staged = {}

    def __getattr__(self, name):  # counts, known, failures
        return getattr(self.store.state, name)

    def stage(self, stored, title_input, passages):
        rows = [(next(self.store.keys), passage, name) for passage, name in passages]
        self.staged[stored.article.id] = stored, title_input, rows

    def drop_unfit(self, dimension):
        pass

    def missing_titles(self):
        kept = self.store.state.kept_tokens
        return {title: stored.article.title for stored, title, _ in self.staged.values() if title not in kept}

    def missing_passages(self):
        kept = self.store.state.kept_vectors
        rows = [row for _, _, rows in self.staged.values() for row in rows]
        return {key: name for name, key in {name: key for key, _, name in reversed(rows) if name not in kept}.items()}

    def passages(self, keys):
        return {key: passage for _, _, rows in self.staged.values() for key, passage, _ in rows if key in set(keys)}

    def tokens_bytes(self):
        return sum(map(len, self.store.state.kept_tokens.values()))

    def add(self, vectors, tokens):
        self.store.state.kept_vectors.update(vectors)
        self.store.state.kept_tokens.update(tokens)

    def publish(self, manifest, *, removed, restamped, failures):
        old = self.store.state
        new = FakeState()
        new.__dict__.update(old.__dict__)
        new.stored = {id: row for id, row in old.stored.items() if id not in removed} | self.staged
        new.manifest = replace(manifest, generation=str(int(old.manifest.generation or 0) + 1))
        self.store.state = new
        self.note(restamped=restamped, failures=failures)

    def note(self, *, restamped, failures):
        state = self.store.state
        for id, stamp in restamped.items():
            stored, *rest = state.stored[id]
            state.stored[id] = (replace(stored, stamp=stamp), *rest)
        state.noted = dict(failures)


class FakeStore:
    """See `qa.store.base.Store`."""

    engine = "dictionaries"

    def __init__(self):
        self.state = FakeState()
        self.keys = iter(range(1, 10**9))
        self.lock = threading.Lock()

    @property
    def generation(self):
        return self.state.manifest.generation

    @contextmanager
    def snapshot(self, *, patience_s=0.0):
        yield self.state

    @contextmanager
    def edit(self, *, patience_s, reset=""):
        with self.lock:
            yield FakeEdit(self)

    def note_calibration(self, calibration):
        self.state.calibrated = calibration

    def check(self):
        return iter(())

    def is_damaged(self):
        return False

    def forget_vectors(self, *, patience_s):
        self.state.kept_vectors.clear()

    def compact(self, *, patience_s):
        pass

    def close(self):
        pass
