"""Subtitles are read as what is said, with the time of each."""

import pytest

from qa import Failure
from qa.reading.formats import read

SRT = """1
00:00:01,000 --> 00:00:03,500
The ferry crosses the bay
six times a night.

2
00:00:03,600 --> 00:00:06,000
It has done so since <i>1931</i>.

3
01:02:10,000 --> 01:02:12,000 X1:40 X2:600
{\\an8}Now to the weather.
"""

VTT = """WEBVTT - A talk

NOTE nobody reads this

STYLE
::cue { color: red }

intro
00:01.000 --> 00:03.000 align:start
<v Ines Talvik>The fare <c.loud>rises</c> &amp; stays.

00:03.000 --> 00:05.000
<v Ines Talvik>Nobody pays more.

00:05.000 --> 00:07.000
<v Oreb>I do not agree.
"""


def spoken(content, name="a.srt"):
    found = read(name, content.encode())
    assert not isinstance(found, Failure)
    return found


def test_cues_become_sentences_and_a_pause_a_paragraph():
    found = spoken(SRT)
    assert found.text == (
        "The ferry crosses the bay six times a night. It has done so since 1931.\n\nNow to the weather."
    )  # fmt: skip
    assert [(each.label, found.text[each.start :][:6]) for each in found.locators] == [
        ("00:00:01", "The fe"),
        ("00:00:03", "It has"),
        ("01:02:10", "Now to"),
    ]


def test_speakers_are_named_where_they_begin():
    found = spoken(VTT, "a.vtt")
    assert found.text == "Ines Talvik: The fare rises & stays. Nobody pays more.\n\nOreb: I do not agree."
    assert [each.label for each in found.locators] == ["00:00:01", "00:00:03", "00:00:05"]


def test_lines_that_stay_while_new_ones_roll_in_count_once():
    cues = ["one two", "one two\nthree four", "three four", "three four\nfive six"]
    text = "\n\n".join(f"00:0{n}.000 --> 00:0{n + 1}.000\n{cue}" for n, cue in enumerate(cues))
    assert spoken(f"WEBVTT\n\n{text}\n", "a.vtt").text == "one two three four five six"


@pytest.mark.parametrize("content", ["Just a text.", "1\n\n2\n", "00:01 --> \nx"])
def test_a_file_without_subtitles_is_reported(content):
    assert "no subtitles" in read("a.srt", content.encode()).reason


def test_a_quote_is_cited_with_its_time(library, write, seeds):
    write("talk.srt", SRT)
    library.sync()
    citation = library.retrieve("Since when has it done so?")[0].citation
    assert citation.within in ("time 00:00:01", "time 00:00:03")
    assert citation.verify(seeds).standing == "exact"


@pytest.mark.parametrize("name", ["a.rst", "a.org", "a.tex"])
def test_marked_up_texts_are_kept_to_the_letter(name):
    text = "Title\n=====\n\n* one\n\n\\section{Two} It was *close*.\n"
    assert read(name, text.encode()).text == text
