import itertools

import numpy as np
import pytest

from qa import EncoderError, Span, encoder
from qa.encoder import _batches, _membership

pytestmark = pytest.mark.slow

TEXTS = ["The vote was close. Seven states voted against it.", "One sentence only.", "A. B. " * 40 + "The end."]
SENTENCES = [[Span(0, 19), Span(20, 50)], [Span(0, 18)], [Span(0, 239), Span(240, 248)]]


@pytest.fixture(scope="module")
def bundled():
    return encoder.load(encoder.BUNDLED)


def test_bundled_weights_are_the_published_ones(bundled):
    assert (bundled.name, bundled.dimension, bundled.budget) == ("all-MiniLM-L6-v2", 384, 254)


def test_other_weights_under_the_bundled_name_are_refused(monkeypatch):
    monkeypatch.setattr(encoder, "BUNDLED_SHA256", "0" * 64)
    encoder.load.cache_clear()
    with pytest.raises(EncoderError, match="is not the published all-MiniLM-L6-v2"):
        encoder.load(encoder.BUNDLED)
    encoder.load.cache_clear()


def test_late_pooling_is_the_mean_over_the_tokens_of_each_sentence(bundled):
    """Against a direct computation from sentence-transformers' own token vectors, one text at a time."""
    model = bundled._model
    for text, spans, found in zip(TEXTS, SENTENCES, bundled.encode_sentences(TEXTS, SENTENCES), strict=True):
        tokens = model.encode(text, output_value="token_embeddings").cpu().numpy()
        offsets = model.tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
        for span, vector in zip(spans, found, strict=True):
            rows = [i for i, (start, end) in enumerate(offsets) if end > start and span.start <= start < span.end]
            mean = tokens[rows].mean(axis=0)
            assert np.allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)


def test_question_is_encoded_as_sentence_transformers_does(bundled):
    assert np.allclose(bundled.encode_question("Who signed it?"), bundled._model.encode("Who signed it?"), atol=1e-5)


def test_order_and_batches_do_not_change_the_vectors(bundled):
    together = bundled.encode_sentences(TEXTS * 5, SENTENCES * 5)
    alone = [bundled.encode_sentences([text], [spans])[0] for text, spans in zip(TEXTS, SENTENCES, strict=True)]
    assert all(np.allclose(found, alone[i % 3], atol=1e-5) for i, found in enumerate(together))


def test_long_text_has_every_token_where_it_stands(bundled):
    text = "Señor Durán met Hofmański.\n" * 5000
    spans = bundled.token_spans(text)
    assert len(spans) == 5000 * len(bundled.token_spans("Señor Durán met Hofmański."))
    assert spans[-1].of(text) == "."
    assert all(before.end <= after.start for before, after in itertools.pairwise(spans))


def test_prompts_of_a_model_are_respected_and_in_the_fingerprint(bundled, tmp_path):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(
        str(encoder._bundled_folder()), prompts={"query": "query: ", "document": "passage: "}, local_files_only=True
    )
    model.save_pretrained(str(tmp_path / "model"))
    prompted = encoder.load(str(tmp_path / "model"))
    assert prompted.fingerprint != bundled.fingerprint
    assert prompted.budget == bundled.budget - 2
    assert np.allclose(prompted.encode_question("Who?"), bundled.encode_question("query: Who?"), atol=1e-5)
    expected = bundled.encode_sentences(["passage: One here. Two."], [[Span(9, 18), Span(19, 23)]])[0]
    assert np.allclose(prompted.encode_sentences(["One here. Two."], [[Span(0, 9), Span(10, 14)]])[0], expected, atol=1e-5)


def test_model_that_does_not_pool_by_the_mean_encodes_sentences_alone(tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    model = SentenceTransformer(str(encoder._bundled_folder()), local_files_only=True)
    model[1] = Pooling(384, pooling_mode="cls")
    model.save_pretrained(str(tmp_path / "cls"))
    loaded = encoder.load(str(tmp_path / "cls"))
    found = loaded.encode_sentences(TEXTS[:1], SENTENCES[:1])[0]
    assert np.allclose(found, model.encode([span.of(TEXTS[0]) for span in SENTENCES[0]]), atol=1e-5)


def test_missing_model_is_one_line_and_no_download():
    with pytest.raises(EncoderError, match="'no/such-model' cannot be loaded") as caught:
        encoder.load("no/such-model")
    assert "\n" not in str(caught.value)


def test_batches_hold_each_text_once_and_little_padding():
    lengths = [10, 900, 20, 800, 15] * 20
    batches = list(_batches(lengths))
    assert sorted(i for batch in batches for i in batch) == list(range(100))
    assert all(max(lengths[i] for i in batch) - min(lengths[i] for i in batch) <= 100 for batch in batches)


def test_sentence_without_tokens_takes_the_whole_text():
    weights = _membership(np.array([[0, 0], [0, 3], [4, 7]]), [Span(0, 3), Span(7, 8)])
    assert weights.tolist() == [[0, 1, 0], [0, 0.5, 0.5]]
