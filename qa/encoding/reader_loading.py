"""Find the reader and load it, compiled like the encoder. The bundled one shares the encoder's lower layers."""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from qa.encoding import compiling
from qa.encoding.base import Reader, Vector
from qa.encoding.compiled_folder import Card
from qa.encoding.compiling import ForwardPass, Recipe
from qa.encoding.loading import BUNDLED, files_of, fingerprint_of, model_folder, sha256, stamp_of
from qa.encoding.span_reader import SpanReader
from qa.encoding.torch_reader import TorchReader
from qa.encoding.torch_runtime import Traits
from qa.errors import EncoderError

BUNDLED_READER = "qa-reader"
BUNDLED_READER_SHA256 = "d1b06cd572a4f95e678ab6de9dd4eb273ab8883ba9ea8d583a8ac76469d5e0fc"
"""Of the weights in the package, which `benchmarks/train_reader.py` writes: see docs/reader.md."""
UPPER_PATH = Path(str(files("qa.encoding").joinpath("data", "reader.npz")))
"""The weights in which the bundled reader differs from the bundled encoder."""
READING = 1
"""To be increased with every change after which the same reader gives other readings."""
_PROBE = ("Who wrote the report?", "The report\nIt was written by the second committee in 1998, and read by all.")


@lru_cache(maxsize=2)
def load(name: str, home: Path) -> Reader:
    """Load the bundled reader, or any extractive question-answering model by folder or by locally cached name.

    Its compiled form is kept in `home`, and made there at first use. Nothing is downloaded. Raise `EncoderError` if there is
    no such model here, or if the bundled weights are not the published ones.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # Read at import: the hub library then opens no connection at all.
    is_bundled = name == BUNDLED_READER
    folder = model_folder(BUNDLED if is_bundled else name)
    upper = UPPER_PATH if is_bundled else None
    below_files = files_of(folder)

    def fingerprint() -> str:
        below = fingerprint_of(BUNDLED if is_bundled else name, folder, below_files)
        above = sha256(upper) if upper else ""
        if upper and above != BUNDLED_READER_SHA256:
            raise EncoderError(f"{upper} is not the reader of this version (sha256 {above[:12]}…): install the package again")
        return hashlib.sha256(json.dumps([READING, below, above]).encode()).hexdigest()[:16]

    recipe = Recipe(
        name=f"reader {name}",  # An encoder may have the same name.
        files=below_files | ({upper.name: stamp_of(upper)} if upper else {}),
        fingerprint=fingerprint,
        torch=lambda: TorchReader(name, folder, upper),
        build=_reader,
        probe=_probe,
    )
    return compiling.load(recipe, home)


def _reader(card: Card, tokenizer: str, forward: ForwardPass) -> SpanReader:
    return SpanReader(card.name.removeprefix("reader "), card.fingerprint, Traits(*card.traits), tokenizer, forward)


def _probe(reader: SpanReader) -> Vector:
    question, text = _PROBE
    _, logits = reader.logits(question, [text])
    return np.asarray(logits.ravel() / max(float(np.linalg.norm(logits)), 1e-9), np.float32)
