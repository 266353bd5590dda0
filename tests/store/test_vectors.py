import json
import zlib

import faiss
import numpy as np
import pytest

from qa.store.vectors import MANY, SAMPLE_PER_LIST, Vectors, lists_for

PASSAGES, SENTENCES = 250, 2
KEYS = np.arange(PASSAGES) * 3 + 7


def unit(matrix):
    return (matrix / np.linalg.norm(matrix, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def matrix():
    """The sentence vectors of some passages, shape (passages, sentences, dimension)."""
    return unit(np.random.default_rng(0).standard_normal((PASSAGES, SENTENCES, 64)))


@pytest.fixture
def vectors(matrix):
    vectors = Vectors(64, generation="a.1")
    vectors.add(zip(KEYS.tolist(), matrix, strict=True))
    return vectors


def brute_force(matrix, keys, question, count):
    return [int(keys[i]) for i in np.argsort(-(matrix @ question).max(axis=1), kind="stable")[:count]]


@pytest.mark.parametrize("count", [1, 10, 100])
def test_search_finds_the_same_as_brute_force(vectors, matrix, count):
    """With eight bits the nearest comes first, and nearly all of the others are found."""
    shares = []
    for question in matrix[:20, 0]:
        found, expected = vectors.search(question, count), brute_force(matrix, KEYS, question, count)
        assert found[0] == expected[0]
        assert len(set(found)) == count
        shares.append(len(set(found) & set(expected)) / count)
    assert np.mean(shares) >= 0.95


def test_search_finds_each_passage_once_and_all_on_request(vectors, matrix):
    assert sorted(vectors.search(matrix[0, 0], 2 * PASSAGES)) == KEYS.tolist()


def test_ties_are_broken_by_key():
    vectors = Vectors(4)
    row = np.array([[1, 0, 0, 0]], np.float32)
    vectors.add((key, row) for key in (9, 2, 5))
    assert vectors.search(row[0], 3) == [2, 5, 9]


def test_cosines_do_not_depend_on_the_order_of_insertion(vectors, matrix):
    """After a change that was abandoned, lower keys may be added again."""
    vectors.remove(KEYS[:2])
    vectors.add([(int(KEYS[1]), matrix[1]), (int(KEYS[0]), matrix[0])])
    found = vectors.cosines(matrix[3, 0], [int(key) for key in KEYS[:5]])
    for number, key in enumerate(KEYS[:5]):
        assert found[int(key)] == pytest.approx(matrix[number] @ matrix[3, 0], abs=0.02)


def test_removed_vectors_are_not_found(vectors, matrix):
    vectors.remove(KEYS[::2])
    assert list(vectors.keys()) == KEYS[1::2].tolist()
    assert len(vectors) == PASSAGES // 2 * SENTENCES
    assert vectors.search(matrix[1, 0], 3)[0] == KEYS[1]
    assert not set(vectors.search(matrix[0, 0], 50)) & set(KEYS[::2].tolist())


def test_restricted_search_finds_only_the_given_passages(vectors, matrix):
    only = KEYS[10:20]
    assert sorted(vectors.search(matrix[0, 0], 50, only)) == only.tolist()
    assert vectors.search(matrix[0, 0], 3, only)[0] == brute_force(matrix[10:20], only, matrix[0, 0], 1)[0]
    assert vectors.search(matrix[0, 0], 3, only[:0]) == []


def test_change_to_a_copy_leaves_the_original(vectors):
    copy = vectors.copy()
    copy.remove(vectors.keys())
    assert (len(copy), len(vectors)) == (0, PASSAGES * SENTENCES)


@pytest.fixture(scope="module")
def clustered():
    """An index in lists, of vectors in clusters, as those of texts are."""
    choose = np.random.default_rng(1)
    topics = choose.standard_normal((300, 64))
    matrix = unit(topics[choose.integers(0, 300, 20_000)] + 0.8 * choose.standard_normal((20_000, 64)))[:, None]
    vectors = Vectors.in_lists(64, matrix[::2, 0], 20_000)
    vectors.add(zip(range(1, 20_001), matrix, strict=True))
    return vectors, matrix


def test_lists_find_nearly_all_of_the_nearest_ten(clustered):
    vectors, matrix = clustered
    assert vectors.lists == lists_for(20_000) == 512
    keys = np.arange(1, 20_001)
    found = [len({*vectors.search(q, 10)} & {*brute_force(matrix, keys, q, 10)}) for q in unit(matrix[:200, 0] + 0.05)]
    assert np.mean(found) / 10 >= 0.97


def test_lists_can_be_changed_saved_and_filtered_and_are_reproducible(clustered, tmp_path):
    vectors, matrix = clustered
    changed = vectors.copy()
    changed.remove(np.arange(1, 101))
    assert list(changed.keys()) == list(range(101, 20_001))
    assert changed.search(matrix[150, 0], 1) == [151]
    assert sorted(changed.search(matrix[0, 0], 9, np.arange(95, 106))) == [101, 102, 103, 104, 105]
    changed.save(tmp_path / "vectors.faiss")
    loaded = Vectors.load(tmp_path / "vectors.faiss")
    assert loaded.lists == 512
    assert loaded.search(matrix[500, 0], 20) == changed.search(matrix[500, 0], 20)
    again = Vectors.in_lists(64, matrix[::2, 0], 20_000)
    again.add(zip(range(1, 20_001), matrix, strict=True))
    assert again.search(matrix[7, 0], 50) == vectors.search(matrix[7, 0], 50)


def test_kind_follows_the_number_of_vectors(vectors, clustered):
    assert vectors.suits(MANY - 1)
    assert not vectors.suits(MANY)
    assert not clustered[0].suits(MANY - 1)
    assert clustered[0].suits(MANY)
    assert not clustered[0].suits(1000 * MANY)
    assert SAMPLE_PER_LIST * lists_for(MANY) < MANY


def test_saved_file_is_loaded_even_with_a_name_outside_ascii(vectors, matrix, tmp_path):
    path = tmp_path / "индекс é.faiss"
    vectors.save(path)
    loaded = Vectors.load(path)
    assert loaded.generation == "a.1"
    assert loaded.search(matrix[3, 0], 20) == vectors.search(matrix[3, 0], 20)
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


@pytest.fixture(params=["flat", "lists"])
def saved(request, vectors, clustered, matrix, tmp_path):
    """An index of either kind, and its file."""
    found = vectors if request.param == "flat" else clustered[0].copy()
    found.generation = "a.1"
    found.remove(found.keys()[5:9])
    found.save(tmp_path / "vectors.faiss")
    return found, tmp_path / "vectors.faiss"


def test_loaded_index_finds_the_same_and_is_saved_as_the_same_bytes(saved, tmp_path):
    vectors, path = saved
    loaded = Vectors.load(path)
    assert (len(loaded), loaded.lists, loaded.dimension, loaded.generation) == (len(vectors), vectors.lists, 64, "a.1")
    assert list(loaded.keys()) == list(vectors.keys())
    for question in unit(np.random.default_rng(3).standard_normal((20, 64))):
        assert loaded.search(question, 30) == vectors.search(question, 30)
        assert loaded.search(question, 9, vectors.keys()[::7]) == vectors.search(question, 9, vectors.keys()[::7])
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()
    for changed in (loaded, vectors):
        changed.remove(changed.keys()[::3])
        changed.add([(90_000, unit(np.ones((2, 64))))])
    assert loaded.search(unit(np.ones(64)), 30) == vectors.search(unit(np.ones(64)), 30)


def planted(path, change=lambda body: None, **head):
    """Change a file with the right checksum, as an attacker could who knows the format."""
    content = path.read_bytes()
    facts, body = json.loads(content[12:256]), bytearray(content[256:])
    body = change(body) or body
    facts |= {"crc32": zlib.crc32(body), **head}
    path.write_bytes((b"qa-vectors-4" + json.dumps(facts).encode()).ljust(256) + body)


HEADS = [
    {"dimension": 0}, {"dimension": -64}, {"dimension": 1 << 40}, {"dimension": 64.0}, {"dimension": "64"},
    {"vectors": 1 << 60}, {"vectors": -1}, {"vectors": True}, {"lists": 1 << 50}, {"lists": -1}, {"lists": 1},
    {"generation": 7}, {"more": 1},
    {"dimension": 63}, {"vectors": 10}, {"crc32": None},
]  # fmt: skip


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_file_with_an_invalid_header_is_not_loaded(saved, head):
    planted(saved[1])
    assert Vectors.load(saved[1])
    planted(saved[1], **head)
    assert Vectors.load(saved[1]) is None


def with_numbers(place, numbers):
    def change(body):
        body[place : place + len(numbers)] = numbers

    return change


def test_file_with_invalid_keys_centres_or_sizes_is_not_loaded(clustered, vectors, tmp_path):
    path, minus = tmp_path / "vectors.faiss", (-1).to_bytes(8, "little", signed=True)
    vectors.save(path)
    planted(path, with_numbers(8, minus))
    assert Vectors.load(path) is None
    sizes = 512 * 64 * 4
    for change in (
        with_numbers(0, np.array([np.nan], "<f4").tobytes()),
        with_numbers(0, np.array([np.inf], "<f4").tobytes()),
        with_numbers(sizes, minus),
        with_numbers(sizes, (1 << 62).to_bytes(8, "little")),
        with_numbers(sizes, np.array([1 << 62, 1 << 62, 1 << 62, 1 << 62], "<i8").tobytes()),
        with_numbers(sizes + 512 * 8, minus),
    ):
        clustered[0].save(path)
        planted(path, change)
        assert Vectors.load(path) is None


def test_file_in_faiss_format_is_not_loaded(tmp_path):
    """That format may name other files, and its reader does not expect untrusted input."""
    index = faiss.IndexIDMap(faiss.IndexFlatIP(8))
    content = faiss.serialize_index(index).tobytes()
    head = json.dumps({"generation": "a.1", "crc32": zlib.crc32(content)}).encode()
    for magic in (b"qa-vectors-3", b"qa-vectors-4"):
        (tmp_path / "vectors.faiss").write_bytes((magic + head).ljust(256) + content)
        assert Vectors.load(tmp_path / "vectors.faiss") is None


def test_empty_index_finds_nothing(tmp_path):
    assert Vectors(8).search(np.ones(8, np.float32), 5) == []
    assert Vectors.load(tmp_path / "none") is None
