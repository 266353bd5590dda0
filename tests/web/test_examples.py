"""The page begins with questions that the folder gives, or that its titles suggest."""

import pytest

from qa.web.chat.conversation import EXAMPLES, Conversation
from qa.web.metrics import Metrics


@pytest.fixture
def conversation(library, write):
    write("a.md", "# The office\n\nThe prosecutor opened an office in Caracas.")
    library.sync()
    return Conversation(library, Metrics(), None)


def test_examples_are_read_from_the_file_beside_the_articles(conversation, seeds):
    (seeds / EXAMPLES).write_text("Who opened an office?\n\n  Where is it?  \n" + "x" * 900 + "\nFour?\nFive?\n")
    found = conversation.examples()
    assert found[:2] == ["Who opened an office?", "Where is it?"]
    assert (len(found), len(found[2])) == (4, 200)
    assert conversation.library.sync().added == 0, "they were taken for an article"


@pytest.mark.parametrize("content", [None, b"", b"\n \n", b"\xff\xfe\x00"])
def test_without_that_file_examples_are_about_the_titles(conversation, seeds, content):
    if content is not None:
        (seeds / EXAMPLES).write_bytes(content)
    (question,) = conversation.examples()
    assert "The office" in question
