import itertools
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from qa import EncoderError, Span
from qa.encoding import loading
from qa.encoding.sentence_encoder import _batches, _membership

pytestmark = pytest.mark.slow

TEXTS = ["The vote was close. Seven states voted against it.", "One sentence only.", "A. B. " * 40 + "The end."]
SENTENCES = [[Span(0, 19), Span(20, 50)], [Span(0, 18)], [Span(0, 239), Span(240, 248)]]


@pytest.fixture(scope="module")
def home(tmp_path_factory, compiled_encoder):
    return shutil.copytree(compiled_encoder, tmp_path_factory.mktemp("encoder") / "home")


@pytest.fixture(scope="module")
def bundled(home):
    return loading.load(loading.BUNDLED, home)


@pytest.fixture(scope="module")
def model():
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(loading.model_folder(loading.BUNDLED)), local_files_only=True)


def alike(found, expected, least=0.9999):
    """The compiled model keeps its weights, and with some processors computes, in half precision."""
    return bool((np.sum(np.atleast_2d(found) * np.atleast_2d(expected), axis=1) >= least).all())


def test_bundled_model_is_compiled(bundled):
    assert (bundled.name, bundled.dimension, bundled.budget) == ("all-MiniLM-L6-v2", 384, 254)
    assert bundled.runtime.startswith("OpenVINO")


def test_other_weights_under_the_bundled_name_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(loading, "BUNDLED_SHA256", "0" * 64)
    with pytest.raises(EncoderError, match="is not the published all-MiniLM-L6-v2"):
        loading.load(loading.BUNDLED, tmp_path)


def test_late_pooling_is_the_mean_over_the_tokens_of_each_sentence(bundled, model):
    """Against a direct computation from sentence-transformers' own token vectors, one text at a time."""
    for text, spans, found in zip(TEXTS, SENTENCES, bundled.encode_texts(TEXTS, SENTENCES), strict=True):
        tokens = model.encode(text, output_value="token_embeddings").cpu().numpy()
        offsets = np.array(model.tokenizer(text, return_offsets_mapping=True)["offset_mapping"])
        for span, vector in zip(spans, found.sentences, strict=True):
            rows = [i for i, (start, end) in enumerate(offsets) if end > start and span.start <= start < span.end]
            mean = tokens[rows].mean(axis=0)
            assert alike(vector, mean / np.linalg.norm(mean))
        own = tokens[1:-1] / np.linalg.norm(tokens[1:-1], axis=1, keepdims=True)
        assert alike(found.tokens.vectors, own, 0.999)
        assert found.tokens.spans.tolist() == offsets[1:-1].tolist()


def test_question_is_encoded_as_sentence_transformers_does(bundled, model):
    found = bundled.encode_question("Who signed it?")
    assert alike(found.vector, model.encode("Who signed it?"))
    assert [Span(*span).of(found.text) for span in found.tokens.spans] == ["Who", "signed", "it", "?"]


def test_questions_from_many_threads_each_get_their_own_vector(bundled):
    questions = [f"Who signed {'the treaty ' * (n % 5)}number {n}?" for n in range(40)]
    alone = [bundled.encode_question(question) for question in questions]
    with ThreadPoolExecutor(8) as pool:
        for found, expected in zip(pool.map(bundled.encode_question, questions), alone, strict=True):
            assert found.text == expected.text
            assert alike(found.vector, expected.vector)


def test_order_and_batches_do_not_change_the_vectors(bundled):
    together = bundled.encode_texts(TEXTS * 5, SENTENCES * 5)
    alone = [bundled.encode_texts([text], [spans])[0] for text, spans in zip(TEXTS, SENTENCES, strict=True)]
    assert all(alike(found.sentences, alone[i % 3].sentences) for i, found in enumerate(together))


def test_text_without_sentences_has_tokens_only(bundled):
    (found,) = bundled.encode_texts(["A title"], [()])
    assert found.sentences.shape == (0, 384)
    assert found.tokens.vectors.shape == (2, 384)


def test_long_text_has_the_right_span_for_every_token(bundled):
    text = "Señor Durán met Hofmański.\n" * 5000
    spans = bundled.token_spans(text)
    assert len(spans) == 5000 * len(bundled.token_spans("Señor Durán met Hofmański."))
    assert spans[-1].of(text) == "."
    assert all(before.end <= after.start for before, after in itertools.pairwise(spans))


def test_prompts_of_a_model_are_used_and_in_the_fingerprint(bundled, model, tmp_path):
    model.prompts = {"query": "query: ", "document": "passage: "}
    model.save_pretrained(str(tmp_path / "model"))
    prompted = loading.load(str(tmp_path / "model"), tmp_path / "home")
    assert prompted.fingerprint != bundled.fingerprint
    assert prompted.budget == bundled.budget - 2
    found = prompted.encode_question("Who?")
    assert alike(found.vector, bundled.encode_question("query: Who?").vector)
    assert found.tokens.spans.tolist() == [[0, 3], [3, 4]]
    expected = bundled.encode_texts(["passage: One here. Two."], [[Span(9, 18), Span(19, 23)]])[0]
    assert alike(prompted.encode_texts(["One here. Two."], [[Span(0, 9), Span(10, 14)]])[0].sentences, expected.sentences)


def test_model_that_takes_the_first_token_encodes_sentences_alone(model, tmp_path):
    from sentence_transformers.sentence_transformer.modules import Pooling

    other = type(model)(modules=[model[0], Pooling(384, pooling_mode="cls")])
    other.save_pretrained(str(tmp_path / "cls"))
    loaded = loading.load(str(tmp_path / "cls"), tmp_path / "home")
    assert loaded.runtime.startswith("OpenVINO")
    expected = unit(other.encode([span.of(TEXTS[0]) for span in SENTENCES[0]]))
    assert alike(loaded.encode_texts(TEXTS[:1], SENTENCES[:1])[0].sentences, expected)
    assert alike(loaded.encode_question(TEXTS[1]).vector, unit(other.encode(TEXTS[1])))


def test_model_that_cannot_be_compiled_is_run_by_pytorch(model, tmp_path):
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling

    other = type(model)(modules=[model[0], Pooling(384, pooling_mode="mean"), Dense(384, 32)])
    other.save_pretrained(str(tmp_path / "dense"))
    loaded = loading.load(str(tmp_path / "dense"), tmp_path / "home")
    assert loaded.runtime == "PyTorch on cpu: it does more than pool its tokens by mean or first"
    expected = unit(other.encode([span.of(TEXTS[0]) for span in SENTENCES[0]]))
    assert alike(loaded.encode_texts(TEXTS[:1], SENTENCES[:1])[0].sentences, expected)
    assert loaded.encode_question(TEXTS[1]).vector.shape == (32,)


def test_missing_model_raises_one_line_without_download(tmp_path):
    with pytest.raises(EncoderError, match="'no/such-model' cannot be loaded") as caught:
        loading.load("no/such-model", tmp_path)
    assert "\n" not in str(caught.value)


FRESH = """
import sys, pathlib
from qa.encoding import loading as models
found = models.load(models.BUNDLED, pathlib.Path(sys.argv[1]))
assert not [name for name in sys.modules if "telemetry" in name]
print(found.runtime.partition(" ")[0], "torch" in sys.modules, found.encode_question("Who signed it?").vector[:3].tolist())
"""


def fresh_process(home):
    found = subprocess.run([sys.executable, "-c", FRESH, str(home)], capture_output=True, text=True, check=True).stdout.split(
        " ", 2
    )
    return found[0], found[1], json.loads(found[2])


def test_prompts_that_leave_no_room_for_text_are_refused(bundled, monkeypatch):
    monkeypatch.setattr(bundled, "budget", 0)
    with pytest.raises(ValueError, match="the prompts leave no room"):
        loading._probe(bundled)


def test_a_second_start_loads_no_pytorch(bundled, home):
    runtime, torch, vector = fresh_process(home)
    assert (runtime, torch) == ("OpenVINO", "False")
    assert vector == pytest.approx(bundled.encode_question("Who signed it?").vector[:3], abs=1e-3)


@pytest.mark.parametrize("cut", [True, pytest.param(False, marks=pytest.mark.exhaustive)])
def test_damaged_weights_are_compiled_again_and_then_loaded_without_pytorch(bundled, home, cut):
    expected = bundled.encode_question("Who signed it?").vector[:3]
    weights = home / bundled.fingerprint / "model.bin"
    shutil.rmtree(weights.parent / "cache", ignore_errors=True)
    weights.write_bytes(b"" if cut else b"\x7f" * weights.stat().st_size)
    assert fresh_process(home)[2] == pytest.approx(expected, abs=1e-3)
    assert fresh_process(home)[1] == "False"


def test_a_copy_of_the_same_files_keeps_the_fingerprint(bundled, tmp_path):
    shutil.copytree(loading.model_folder(loading.BUNDLED), tmp_path / "copy")
    assert loading.fingerprint_of("copy", tmp_path / "copy", loading.files_of(tmp_path / "copy")) == bundled.fingerprint


def test_pytorch_runs_the_model_if_nothing_can_be_written(bundled, tmp_path):
    (tmp_path / "file").write_text("in the way")
    found = loading.load(loading.BUNDLED, tmp_path / "file")
    assert found.runtime.startswith("PyTorch on cpu: it cannot be compiled")
    assert found.fingerprint == bundled.fingerprint
    assert alike(found.encode_question("Who?").vector, bundled.encode_question("Who?").vector)


def unit(matrix):
    return matrix / np.linalg.norm(matrix, axis=-1, keepdims=True)


def test_batches_hold_each_text_once_and_little_padding():
    lengths = [10, 900, 20, 800, 15] * 20
    batches = list(_batches(lengths))
    assert sorted(i for batch in batches for i in batch) == list(range(100))
    assert all(max(lengths[i] for i in batch) - min(lengths[i] for i in batch) <= 100 for batch in batches)


def test_sentence_without_tokens_takes_the_whole_text():
    weights = _membership(np.array([[0, 0], [0, 3], [4, 7]]), [Span(0, 3), Span(7, 8)])
    assert weights.tolist() == [[0, 1, 0], [0, 0.5, 0.5]]
