"""Read a model by sentence-transformers. The only door to that library, and through it to torch: slow to import.

It reads the traits of a model, exports it, and runs it if it cannot be compiled.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.encoding.base import Matrix
from qa.errors import EncoderError

_OPSET = 17
"""The version of ONNX's operators: the first that has layer normalisation as one operator."""
SPAN = "span"
"""The pooling of a reader: none, its two logits of each token say where an answer starts and ends."""


class Traits(NamedTuple):
    """What it takes to use a model: the longest input in tokens, the length of a vector, prompts, pooling and padding.

    `prompt` comes before texts and `question_prompt` before questions; with `prompt_counts` their tokens are pooled too.
    `pooling` is "mean", "cls" (the first token), or empty for models that pool in another way. `padding` is a token's id.
    """

    window: int
    dimension: int
    prompt: str
    question_prompt: str
    prompt_counts: bool
    pooling: str
    padding: int


class TorchModel:
    """A sentence-transformers model in a folder."""

    def __init__(self, name: str, folder: Path) -> None:
        """Load the model. Raise `EncoderError` if it cannot be loaded."""
        os.environ["HF_HUB_OFFLINE"] = "1"
        try:
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging

            logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            model = SentenceTransformer(str(folder), local_files_only=True)
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise _unloadable(name, error) from error
        backend = getattr(model.tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise EncoderError(f"encoder {name!r} has no tokenizer.json: save it again with its fast tokenizer")
        self.tokenizer: str = backend.to_str()
        self.device = str(model.device)
        self.traits = Traits(
            window=int(model.max_seq_length or 512),
            dimension=int(model.get_embedding_dimension() or 0),
            prompt=_prompt(model, "document", "passage", "corpus"),
            question_prompt=_prompt(model, "query", "question"),
            prompt_counts=bool(getattr(model[1], "include_prompt", True)) if len(model) > 1 else True,
            pooling=_pooling(model),
            padding=int(model.tokenizer.pad_token_id or 0),
        )
        self._model: Any = model

    @property
    def why_not_compiled(self) -> str:
        """The reason why PyTorch should run this model; empty if it can be compiled."""
        if self.device.startswith("cuda"):
            return "there is a GPU"
        return "" if self.traits.pooling else "it does more than pool its tokens by mean or first"

    @property
    def encode_whole(self) -> Callable[..., Matrix] | None:
        """Encode texts as the model itself does, or None if its traits tell how."""
        return None if self.traits.pooling in ("mean", "cls") else self.encode

    def states(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of the last layer, shape (texts, tokens, dimension)."""
        import torch

        features = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        with torch.inference_mode():
            output = self._model[0]({name: value.to(self._model.device) for name, value in features.items()})
        return np.asarray(output["token_embeddings"].float().cpu().numpy(), np.float32)

    def encode(self, texts: Sequence[str], *, question: bool) -> Matrix:
        """Return the vectors of whole texts, as the model itself pools them."""
        run = self._model.encode_query if question else self._model.encode_document
        vectors = run(list(texts), show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vectors, np.float32).reshape(len(texts), -1)

    def export(self, path: Path) -> None:
        """Write the forward pass as ONNX, for any number and length of texts."""
        import torch

        transformer = self._model[0]

        class Forward(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.transformer = transformer

            def forward(self, ids: Any, mask: Any) -> Any:
                return self.transformer({"input_ids": ids, "attention_mask": mask})["token_embeddings"]

        export(Forward(), path)


def export(forward: Any, path: Path) -> None:
    """Write a module of token ids and mask, shape (texts, tokens), as ONNX."""
    import torch

    example = (torch.ones((2, 8), dtype=torch.int64), torch.ones((2, 8), dtype=torch.int64))
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # It warns of its own age and of constants that do not vary here.
        torch.onnx.export(
            forward.eval(), example, str(path), dynamo=False, opset_version=_OPSET,
            input_names=["ids", "mask"], output_names=["states"],
            dynamic_axes={name: {0: "texts", 1: "tokens"} for name in ("ids", "mask", "states")},
        )  # fmt: skip


def folder_of(name: str) -> Path:
    """Return the folder of a locally cached model. Raise `EncoderError` if there is none."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError) as error:
        raise _unloadable(name, error) from error


def _unloadable(name: str, error: Exception) -> EncoderError:
    reason = str(error).splitlines()[0]
    return EncoderError(f"encoder {name!r} cannot be loaded: {reason}; give the folder of a model")


def _prompt(model: Any, *names: str) -> str:
    return next((str(model.prompts[name]) for name in names if model.prompts.get(name)), "")


def _pooling(model: Any) -> str:
    """Return how the second module pools if we can do the same and only scaling follows; else an empty text."""
    mode = str(getattr(model[1], "pooling_mode", "")) if len(model) > 1 else ""
    plain = all(type(module).__name__ == "Normalize" for module in list(model.children())[2:])
    return mode if plain and mode in ("mean", "cls") else ""
