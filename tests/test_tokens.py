import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.schema import Tokens
from qa.tokens import compare, pack


def tokens(count, dimension, seed=0):
    vectors = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    starts = np.arange(count) * 5
    return Tokens(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.stack([starts, starts + 4], axis=1))


@given(st.integers(0, 40), st.integers(1, 70))
def test_packed_tokens_are_as_like_as_they_were(count, dimension):
    text, question = tokens(count, dimension), tokens(3, dimension, 1)
    (found,) = compare(question.vectors, [pack(text)])
    assert found.cosines.shape == (3, count)
    assert np.allclose(found.cosines, question.vectors @ text.vectors.T, atol=0.12)
    assert found.starts.tolist() == text.spans[:, 0].tolist()


def test_long_vectors_lose_little_and_take_half_a_byte_a_number():
    text, question = tokens(200, 384), tokens(20, 384, 1)
    packed = pack(text)
    (found,) = compare(question.vectors, [packed])
    assert np.abs(found.cosines - question.vectors @ text.vectors.T).std() < 0.008
    assert len(packed) == 200 * (384 // 2 + 6)


def test_texts_are_compared_each_by_itself():
    texts = [tokens(n, 16, n) for n in (3, 0, 5)]
    question = tokens(2, 16, 9).vectors
    together = compare(question, [pack(text) for text in texts])
    for text, found in zip(texts, together, strict=True):
        assert found.cosines == pytest.approx(compare(question, [pack(text)])[0].cosines, abs=1e-6)
        assert len(found.starts) == len(text.spans)


def test_a_vector_of_noughts_is_like_nothing():
    text = Tokens(np.zeros((1, 4), np.float32), np.array([[0, 1]]))
    assert compare(np.ones((1, 4), np.float32), [pack(text)])[0].cosines.tolist() == [[0.0]]
