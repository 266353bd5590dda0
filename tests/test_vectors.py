import numpy as np
import pytest

from qa.vectors import Vectors


@pytest.fixture
def matrix():
    matrix = np.random.default_rng(0).standard_normal((500, 16)).astype(np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


@pytest.fixture
def vectors(matrix):
    vectors = Vectors(16, generation="a.1")
    vectors.add(np.arange(500) * 3 + 7, matrix)
    return vectors


def brute_force(matrix, keys, question, k):
    scores = matrix @ question
    order = np.lexsort((keys, -scores))[:k]
    return [(int(keys[i]), float(scores[i])) for i in order]


def assert_same(found, expected):
    assert [key for key, _ in found] == [key for key, _ in expected]
    assert np.allclose([score for _, score in found], [score for _, score in expected], atol=1e-6)


@pytest.mark.parametrize("k", [1, 10, 499, 500, 2000])
def test_search_agrees_with_brute_force_in_order_and_score(vectors, matrix, k):
    for question in matrix[:20]:
        assert_same(vectors.search(question, k), brute_force(matrix, np.arange(500) * 3 + 7, question, k))


def test_equals_come_in_order_of_their_keys():
    vectors = Vectors(4)
    row = np.array([[1, 0, 0, 0]], np.float32)
    for key in (9, 2, 5):
        vectors.add(np.array([key]), row)
    assert [key for key, _ in vectors.search(row[0], 3)] == [2, 5, 9]


def test_removed_vectors_are_not_found(vectors, matrix):
    vectors.remove(np.arange(0, 500, 2) * 3 + 7)
    left = np.arange(1, 500, 2)
    assert list(vectors.keys()) == list(left * 3 + 7)
    assert_same(vectors.search(matrix[0], 10), brute_force(matrix[left], left * 3 + 7, matrix[0], 10))


def test_copy_changes_alone(vectors, matrix):
    copy = vectors.copy()
    copy.remove(vectors.keys())
    assert (len(copy), len(vectors)) == (0, 500)


def test_saved_is_loaded_also_under_a_name_beyond_ascii(vectors, matrix, tmp_path):
    path = tmp_path / "индекс é.faiss"
    vectors.save(path)
    loaded = Vectors.load(path)
    assert loaded.generation == "a.1"
    assert loaded.search(matrix[3], 20) == vectors.search(matrix[3], 20)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "damage",
    [lambda b: b[:-1], lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:900] + b"!" + b[901:], lambda b: b"x" + b],
)
def test_damaged_file_is_not_loaded(vectors, tmp_path, damage):
    path = tmp_path / "vectors.faiss"
    vectors.save(path)
    path.write_bytes(damage(path.read_bytes()))
    assert Vectors.load(path) is None


def test_empty_index_finds_nothing(tmp_path):
    assert Vectors(8).search(np.ones(8, np.float32), 5) == []
    assert Vectors.load(tmp_path / "none") is None
