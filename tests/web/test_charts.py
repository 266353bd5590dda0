"""The timeline and the map of articles."""

import html
import random
import re
import time
from urllib.parse import parse_qsl, quote

import numpy as np
import pytest
from conftest import ARTICLES
from test_articles_tab import get, words_of

from qa.settings import Settings
from qa.store.local import LocalStore
from qa.web.articles import article_map, charts, listing
from qa.web.articles.listing import Entry, View
from qa.web.messages import ENGLISH, Words


@pytest.fixture
def server(served):
    return served[0].rstrip("/")


def test_the_timeline_counts_each_month_and_links_to_it(server):
    _, text = get(server, "/shelf?search=a&source=AP")
    bars = re.findall(r'<a id="qa-month-[^"]*" href="([^"]*)" aria-label="([^"]*)"', text)
    path, _, query = html.unescape(bars[0][0]).partition("?")
    assert path == "/shelf"
    assert [html.unescape(label) for _, label in bars] == ["April 2024: 1 article"]
    assert dict(parse_qsl(query)) == {
        "search": "a",
        "source": "AP",
        "after": "2024-04",
        "before": "2024-04",
    }


def test_years_without_articles_are_a_gap_and_undated_articles_are_counted():
    dates = ["1998-07-17", "1998-07-18", "1998-12", "2024-04-23", "2024", ""]
    months, undated = listing.by_month([Entry(f"{n}.md", "", date) for n, date in enumerate(dates)])
    assert (months, undated) == ({"1998-07": 2, "1998-12": 1, "2024-04": 1}, 2)
    drawn = charts.timeline(months, undated, View(), Words("es"))
    assert [words_of(found) for found in re.findall("<title>(.*?)</title>", drawn)] == [
        "julio de 1998: 2 artículos", "diciembre de 1998: 1 artículo", "abril de 2024: 1 artículo",
    ]  # fmt: skip
    assert drawn.count('class="qa-gap"') == 1
    assert re.findall(r">(\d{4})</text>", drawn) == ["1998", "2024"]
    assert "Sin mes: 2 artículos." in words_of(drawn)
    highs = [int(high) for high in re.findall(r'qa-bar" [^>]*height="(\d+)"', drawn)]
    assert highs[0] == 2 * highs[1] == 2 * highs[2]
    assert charts.timeline({}, 3, View(), ENGLISH) == ""


def test_the_map_has_every_article_as_a_link_with_its_title(server):
    for _ in range(20):
        _, text = get(server, "/shelf")
        if "data-unfinished" not in text:
            break
        time.sleep(0.1)
    drawn = text.partition('class="qa-map"')[2].partition("</svg>")[0]
    links = re.findall(r'<a href="([^"]*)" target="_blank" rel="noopener" aria-label="([^"]*)"><title>([^<]*)</title>', drawn)
    assert sorted(html.unescape(link) for link, _, _ in links) == sorted(f"/shelf/articles/{quote(name)}" for name in ARTICLES)
    assert "The office in Caracas" in {html.unescape(title) for _, _, title in links}
    assert all(label == title for _, label, title in links)


def test_sources_of_more_than_one_article_have_a_colour_and_a_legend():
    entries = [Entry(f"{n}.md", f"T{n}", source=source) for n, source in enumerate(["AP", "DW", "AP", "ap", "DW", "once", ""])]
    places = {each.id: (float(n), 0.0) for n, each in enumerate(entries)}
    drawn = charts.article_map(places, entries[:6], 7, [each.source for each in entries], ENGLISH)
    dots = re.findall(r'circle class="qa-(\w+-?\d?)" cx', drawn.partition("</svg>")[0])
    assert sorted(dots) == ["colour-0", "colour-1", "colour-1", "colour-1", "colour-2", "colour-2", "rest"]
    assert [words_of(key).strip() for key in re.findall("<li>(.*?)</li>", drawn)] == ["AP", "DW", "Other sources"]
    assert "legend" not in charts.article_map(places, entries, 7, ["one", "two"], ENGLISH)


def test_an_unfinished_map_says_so():
    assert "The map is being drawn." in words_of(charts.article_map(None, [], 5, [], ENGLISH))
    assert "data-unfinished" in charts.article_map(None, [], 5, [], ENGLISH)
    assert charts.article_map({}, [], 0, [], ENGLISH) == ""


@pytest.mark.parametrize("shape", [(50, 8), (3, 384), (8, 1), (2, 5), (1, 5)])
def test_the_map_keeps_as_much_variance_as_two_dimensions_can(shape):
    rows = np.random.default_rng(1).standard_normal(shape) * np.linspace(3, 1, shape[1])
    flat = article_map.flattened(rows)
    centred = rows - rows.mean(axis=0)
    exact = np.sort(np.linalg.eigvalsh(centred.T @ centred))[::-1][:2]
    kept = (flat**2).sum(axis=0)
    assert flat.shape == (shape[0], 2)
    np.testing.assert_allclose(kept[: len(exact)], exact[: len(kept)], atol=1e-9)
    assert kept[0] >= kept[1]
    directions = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :2]
    np.testing.assert_allclose(np.abs(flat[:, : len(exact)]), np.abs(centred @ directions), atol=1e-6)


def test_the_same_articles_give_the_same_map_in_any_order(library, write, monkeypatch):
    words = [f"word{n}" for n in range(30)]
    for n in range(12):
        write(f"{n:02}.md", " ".join(random.Random(n).sample(words, 12)) + ". " + " ".join(words[n : n + 8]) + ".")
    library.sync()
    ids = list(library.store.catalog.known())
    places = article_map.places(library.store, ids)
    assert sorted(places) == sorted(ids)
    assert places == article_map.places(library.store, ids[::-1])
    means = np.array(
        [np.concatenate([m for i, m in library.store.catalog.article_vectors([id])]).mean(axis=0) for id in sorted(ids)]
    )
    np.testing.assert_allclose([places[id] for id in sorted(ids)], article_map.flattened(means.astype(np.float64)), atol=1e-5)
    monkeypatch.setattr(article_map, "MOST_ARTICLES", 5)
    assert sorted(article_map.places(library.store, ids)) == ["00.md", "02.md", "04.md", "07.md", "09.md"]


def test_an_empty_library_has_no_map(tmp_path):
    store = LocalStore(tmp_path, Settings())
    assert article_map.places(store, []) == {}
    store.close()
