"""Read an extractive question-answering model by transformers, to export it or to run it if it cannot be compiled.

The bundled reader is the bundled encoder with other upper layers: only these are in the package, in whole numbers of 8 bits.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.encoding.base import Matrix
from qa.encoding.torch_runtime import SPAN, Traits, export
from qa.errors import EncoderError

_SCALE = "|scale"
"""Ends the name of the scales that belong to whole-number weights, one a row."""


class TorchReader:
    """An extractive question-answering model in a folder, with the weights of `upper` in place of its own if given."""

    device = "cpu"
    why_not_compiled = ""
    encode_whole: Callable[..., Matrix] | None = None

    def __init__(self, name: str, folder: Path, upper: Path | None = None) -> None:
        """Load the model. Raise `EncoderError` if it cannot be loaded, or is no question-answering model."""
        os.environ["HF_HUB_OFFLINE"] = "1"
        try:
            from transformers import AutoConfig, AutoModelForQuestionAnswering, AutoTokenizer
            from transformers.utils import logging

            logging.set_verbosity_error()  # type: ignore[no-untyped-call]
            logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            config = AutoConfig.from_pretrained(str(folder), local_files_only=True)
            model: Any = AutoModelForQuestionAnswering.from_pretrained(str(folder), config=config, local_files_only=True)
            tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        except (OSError, ValueError, KeyError, ImportError) as error:
            reason = str(error).splitlines()[0]
            raise EncoderError(f"reader {name!r} cannot be loaded: {reason}; give the folder of a model") from error
        if upper is None and not any("QuestionAnswering" in each for each in config.architectures or ()):
            raise EncoderError(f"reader {name!r} is no question-answering model: give one that marks answers, or 'none'")
        if upper is not None:
            load_upper(model, upper)
        self._model = model.eval()
        self._separator = int(tokenizer.sep_token_id)
        self.tokenizer: str = tokenizer.backend_tokenizer.to_str()
        # RoBERTa's first positions are taken by the padding.
        window = int(config.max_position_embeddings) - (2 if "roberta" in config.model_type else 0)
        self.traits = Traits(window, 2, "", "", prompt_counts=True, pooling=SPAN, padding=int(tokenizer.pad_token_id or 0))

    def states(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return for each token the logits that an answer starts and that it ends with it, shape (texts, tokens, 2)."""
        import torch

        with torch.inference_mode():
            return np.asarray(self._forward()(torch.from_numpy(ids), torch.from_numpy(mask)).float().numpy(), np.float32)

    def export(self, path: Path) -> None:
        """Write the forward pass as ONNX, for any number and length of texts."""
        export(self._forward(), path)

    def _forward(self) -> Any:
        import torch

        model, separator = self._model, self._separator
        takes_types = "token_type_ids" in inspect.signature(model.forward).parameters
        has_types = takes_types and getattr(model.config, "type_vocab_size", 0) > 1

        class Forward(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.model = model

            def forward(self, ids: Any, mask: Any) -> Any:
                ends = (ids == separator).long()
                types = ((ends.cumsum(1) - ends) > 0).long() * mask  # What follows the first separator is the text.
                output = self.model(input_ids=ids, attention_mask=mask, **({"token_type_ids": types} if has_types else {}))
                return torch.stack([output.start_logits, output.end_logits], -1)

        return Forward().eval()


def load_upper(model: Any, path: Path) -> None:
    """Put the weights in a file that `save_upper` wrote in place of a model's own."""
    import torch

    with np.load(path, allow_pickle=False) as stored:
        names = [name for name in stored.files if not name.endswith(_SCALE)]
        weights = {
            name: stored[name].astype(np.float32) * (stored[name + _SCALE].astype(np.float32) if name + _SCALE in stored else 1)
            for name in names
        }
    left_over = model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()}, strict=False)
    if left_over.unexpected_keys:
        raise EncoderError(f"{path} does not fit the model: {left_over.unexpected_keys[0]} is not in it")


def save_upper(weights: dict[str, NDArray[np.float32]], path: Path) -> None:
    """Write weights by name: matrices as whole numbers of 8 bits with a scale a row, the rest in half precision."""
    stored: dict[str, NDArray[Any]] = {}
    for name, value in weights.items():
        if value.ndim == 2 and len(value) > 2:
            scale = np.maximum(np.abs(value).max(axis=1, keepdims=True) / 127, 1e-8).astype(np.float16)
            stored[name] = np.clip(np.rint(value / scale.astype(np.float32)), -127, 127).astype(np.int8)
            stored[name + _SCALE] = scale
        else:
            stored[name] = value.astype(np.float16)
    with path.open("wb") as sink:
        np.savez_compressed(sink, **stored)  # type: ignore[arg-type]
