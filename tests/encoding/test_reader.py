"""The reader says where a text answers a question, if anywhere, whatever runs it; and no text makes it fail."""

import hashlib
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import EncoderError, Settings, Span
from qa.encoding import loading, reader_loading
from qa.encoding.compiling import ForwardPass
from qa.encoding.span_reader import SpanReader
from qa.encoding.torch_reader import TorchReader, save_upper
from qa.encoding.torch_runtime import Traits

TEXT = "The ICC has 18 judges, who work in three divisions. Judges are elected by the Assembly for nine years."


@pytest.fixture(scope="module")
def reader(compiled_encoder):
    return reader_loading.load(Settings().reader, compiled_encoder)


@pytest.mark.slow
def test_bundled_weights_are_those_of_this_version():
    path = reader_loading.UPPER_PATH
    assert hashlib.sha256(path.read_bytes()).hexdigest() == reader_loading.BUNDLED_READER_SHA256
    assert path.stat().st_size < 12e6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "words"),
    [("How many judges does the ICC have?", "18"), ("For how long are judges elected?", "nine years")],
)
def test_words_that_answer_are_found_and_nothing_is_where_there_is_no_answer(reader, question, words):
    found, other = reader.read(question, [("ICC", TEXT), ("Bread", "Bake it for an hour in a hot oven.")])
    assert found.span.of(TEXT) == words
    assert found.margin > 0 > other.margin


@pytest.mark.slow
def test_reading_does_not_depend_on_what_else_is_read(reader):
    alone = reader.read("Who elects the judges?", [("ICC", TEXT)])[0]
    among = reader.read("Who elects the judges?", [("", TEXT * 3), ("ICC", TEXT), ("x", "")])[1]
    assert among.span == alone.span
    assert among.margin == pytest.approx(alone.margin, abs=0.3)  # The arithmetic may be bfloat16.


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.text(max_size=300), st.text(max_size=60), st.text(max_size=600))
def test_any_text_is_read(reader, question, title, text):
    (reading,) = reader.read(question, [(title, text)])
    assert 0 <= reading.span.start <= reading.span.end <= len(text)
    assert np.isfinite(reading.margin)


@pytest.mark.slow
def test_compiled_reader_gives_the_logits_of_pytorch(reader):
    folder = loading.model_folder(loading.BUNDLED)
    model = TorchReader("reader", folder, reader_loading.UPPER_PATH)
    by_torch = SpanReader("reader", "", model.traits, model.tokenizer, ForwardPass(model.states))
    question, texts = "Who elects the judges?", ["ICC\n" + TEXT]
    ours, theirs = (each.logits(question, texts)[1].ravel() for each in (reader, by_torch))
    assert ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs) > 0.999


@pytest.mark.slow
def test_a_model_by_folder_is_read_and_one_for_something_else_is_refused(tmp_path):
    folder = shutil.copytree(loading.model_folder(loading.BUNDLED), tmp_path / "plain")
    with pytest.raises(EncoderError, match="no question-answering model: give one that marks answers, or 'none'"):
        reader_loading.load(str(folder), tmp_path / "home")
    model = TorchReader("reader", folder, reader_loading.UPPER_PATH)
    model._model.save_pretrained(tmp_path / "reader")
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(folder / name, tmp_path / "reader")
    found = reader_loading.load(str(tmp_path / "reader"), tmp_path / "home").read("How many judges?", [("ICC", TEXT)])[0]
    assert found.span.of(TEXT) == "18"


@pytest.mark.slow
def test_damaged_weights_are_refused_in_one_line(tmp_path, monkeypatch):
    damaged = tmp_path / "reader.npz"
    save_upper({"qa_outputs.weight": np.zeros((2, 384), np.float32)}, damaged)
    monkeypatch.setattr(reader_loading, "UPPER_PATH", damaged)
    reader_loading.load.cache_clear()
    with pytest.raises(EncoderError, match=r"is not the reader of this version .* install the package again"):
        reader_loading.load(reader_loading.BUNDLED_READER, tmp_path / "home")
    reader_loading.load.cache_clear()


def test_the_best_span_is_that_of_the_highest_sum_of_logits_within_the_text():
    tokenizer = (loading.model_folder(loading.BUNDLED) / "tokenizer.json").read_text()
    question, title, text = "who", "a title", "one two three four"
    # [CLS] who [SEP] a title one two three four [SEP]
    starts, ends = [2, 0, 0, 9, 9, 1, 5, 0, 7, 9], [1, 0, 0, 9, 9, 0, 0, 4, 3, 9]

    def states(ids, mask):
        return np.stack([starts, ends], -1)[None].astype(np.float32)

    reader = SpanReader("small", "", Traits(64, 2, "", "", True, "span", 0), tokenizer, ForwardPass(states))
    (reading,) = reader.read(question, [(title, text)])
    assert (reading.span, reading.margin) == (Span(14, 18), 7 + 3 - 3)
