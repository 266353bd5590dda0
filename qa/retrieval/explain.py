"""Explain in one line why an article is not among the hits."""

from __future__ import annotations

from collections.abc import Sequence

from qa.results import Hit
from qa.retrieval.ranking import Ranked, Scope
from qa.retrieval.search import Search
from qa.where import Where


def why_not(search: Search, question: str, article_id: str, k: int, where: Where) -> str:
    """Return one line: why an article is not among the first `k` hits of a question, or which hit it is."""
    query, scope = search.query(question), Scope(where)
    hits = search.hits(query, k, scope)
    for hit in hits:
        if article_id == hit.passage.article_id or article_id in hit.also_in:
            return f"{article_id} is hit {hit.rank}" + (" (a near-duplicate)" if article_id in hit.also_in else "")
    if reason := _not_searched(search, article_id, where):
        return reason
    ranked = search.ranking(query, scope)
    place = next((n for n, each in enumerate(ranked) if each.passage.article_id == article_id), None)
    if place is None:
        return f"{article_id}: none of its passages has a word of the question"
    return f"{article_id}: {_ranked_lower(search, ranked, place, k, hits)}"


def _not_searched(search: Search, article_id: str, where: Where) -> str:
    """Return why an article was not searched, or an empty text if it was."""
    stored, failures = search.snapshot.article(article_id), search.snapshot.failures()
    if stored is None:
        reason = failures[article_id][1] if article_id in failures else "there is no such file, or it is not indexed yet"
        return f"{article_id} is not in the index: {reason}"
    article = stored.article
    if not where.admits(article):
        return f"{article_id} is left out by the filter"
    return ""


def _ranked_lower(search: Search, ranked: Sequence[Ranked], place: int, k: int, hits: Sequence[Hit]) -> str:
    why, depth, count = ranked[place].why, search.settings.rerank_depth, len(search.snapshot.keys())
    scores = f"its best passage has sentence score {why.dense:.2f}, word score {why.lexical:.2f}, rank {why.fused_rank}"
    if why.rerank_score is None and search.reranks:
        return f"{scores} of {count}; only the first {depth} are reranked"
    if place >= max(k, len(hits)):
        return f"{scores} of {count}, final rank {place + 1}; {k} were asked for"
    return f"{scores} of {count}; its file has changed, or it is a near-duplicate of another passage"
