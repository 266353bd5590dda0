import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qa import Span
from qa.encoding.base import Tokens
from qa.encoding.tokens import compare, pack


def tokens(count, dimension, seed=0):
    vectors = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    starts = np.arange(count) * 5
    return Tokens(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.stack([starts, starts + 4], axis=1))


@given(st.integers(0, 40), st.integers(1, 70))
def test_packing_hardly_changes_the_cosines(count, dimension):
    text, question = tokens(count, dimension), tokens(3, dimension, 1)
    found = compare(question.vectors, [pack(text)])
    assert found.cosines.shape == (count, 3)
    assert np.allclose(found.cosines, text.vectors @ question.vectors.T, atol=0.12)
    assert found.starts.tolist() == text.spans[:, 0].tolist()
    assert found.ends.tolist() == [count]


def test_long_vectors_lose_little_and_take_half_a_byte_per_number():
    text, question = tokens(200, 384), tokens(20, 384, 1)
    packed = pack(text)
    found = compare(question.vectors, [packed])
    assert np.abs(found.cosines - text.vectors @ question.vectors.T).std() < 0.008
    assert len(packed) == 200 * (384 // 2 + 6)


def test_cosines_of_a_text_do_not_depend_on_the_other_texts():
    """They are equal to the last digit, also beyond the size of a block."""
    texts = [pack(tokens(n, 16, n)) for n in (3, 0, 5, 3000)]
    question = tokens(2, 16, 9).vectors
    together = compare(question, texts)
    assert together.ends.tolist() == [3, 3, 8, 3008]
    for text, start, end in zip(texts, [0, 3, 3, 8], together.ends, strict=True):
        assert (together.cosines[start:end] == compare(question, [text]).cosines).all()


def test_best_of_texts_and_of_their_sentences():
    texts = [tokens(4, 16, 1), tokens(0, 16), tokens(3, 16, 2)]
    found = compare(tokens(2, 16, 9).vectors, [pack(text) for text in texts])
    first, last = found.cosines[:4], found.cosines[4:]
    assert (found.best() == [first.max(axis=0), [-1, -1], last.max(axis=0)]).all()
    # A token every five characters.
    spans = [[Span(0, 10), Span(10, 20), Span(20, 30)], [Span(0, 9)], [Span(3, 15)]]
    expected = [first[:2].max(axis=0), first[2:].max(axis=0), [-1, -1], [-1, -1], last[1:].max(axis=0)]
    assert (found.sentences(spans) == expected).all()


def test_zero_vector_has_cosine_zero():
    text = Tokens(np.zeros((1, 4), np.float32), np.array([[0, 1]]))
    assert compare(np.ones((1, 4), np.float32), [pack(text)]).cosines.tolist() == [[0.0]]
