"""What an answer invites to ask next."""

from reader import hit_in

from qa import Article, Span
from qa.web.chat import follow_ups
from qa.web.messages import ENGLISH

TEXT = "Intro.\n\n## First part\n\nOne.\n\n## Second part\n\nTwo.\n\n## Third part\n\nThree.\n\n## X\n\nFour."
CITED = Article("a.md", TEXT, "The title")


def asked(place, *others):
    return follow_ups.questions(CITED, place, [hit_in(each, 0, 4, Span(0, 4)) for each in others], ENGLISH)


def test_later_sections_come_first_and_the_cited_one_is_left_out():
    place = TEXT.index("Two.")
    assert list(asked(place).items()) == [
        ("Third part", "What is said under “Third part”?"),
        ("First part", "What is said under “First part”?"),
    ]


def test_other_articles_alternate_with_sections():
    other = Article("b.md", "Five six.", "Another title")
    assert list(asked(TEXT.index("One."), other, CITED, other).values()) == [
        "What is said under “Second part”?",
        "What is said about Another title?",
        "What is said under “Third part”?",
    ]


def test_an_article_without_sections_offers_nothing():
    assert follow_ups.questions(Article("a.md", "One. Two.", "T"), 0, [], ENGLISH) == {}
