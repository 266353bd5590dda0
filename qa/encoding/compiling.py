"""Compile a model once, keep it beside the index, and load it from there, so that a question loads no PyTorch.

If it cannot be compiled, or there is a GPU, PyTorch runs it. What is kept is checked before it is used.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from qa.encoding import compiled_folder
from qa.encoding.base import Matrix, Vector
from qa.encoding.compiled_folder import LOCK, Card, check_cache, checksums, find_card
from qa.encoding.torch_runtime import Traits
from qa.errors import sober
from qa.files import alone, check_own, crc32, write_atomically

_MIN_COSINE = 0.999
"""The least cosine of the probe's vectors for two forms of a model to count as the same: half precision alone leaves at
least .9999 (benchmarks/RESULTS.md)."""
_LEFTOVER = re.compile(r"new-[0-9a-f]{16}-\w+")
_COMPILE_S = 600
"""How long to wait for another process that compiles, before this one does so as well."""


class States(Protocol):
    """A function from token ids and mask, shape (texts, tokens), to token vectors, shape (texts, tokens, dimension)."""

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of the last layer."""
        ...


@dataclass(frozen=True, slots=True)
class ForwardPass:
    """What runs a model: its forward pass, and a name for people to read.

    `encode_whole` encodes texts as the model itself does, for models that pool neither by the mean nor by the first token.
    """

    states: States
    runtime: str = ""
    encode_whole: Callable[..., Matrix] | None = None


class Torch(Protocol):
    """A model that PyTorch has loaded: see `torch_runtime`."""

    tokenizer: str
    device: str
    traits: Traits

    @property
    def why_not_compiled(self) -> str:
        """The reason why PyTorch should run this model; empty if it can be compiled."""
        ...

    @property
    def encode_whole(self) -> Callable[..., Matrix] | None:
        """Encode texts as the model itself does, or None if its traits tell how."""
        ...

    def states(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `States`."""
        ...

    def export(self, path: Path) -> None:
        """Write the forward pass as ONNX, for any number and length of texts."""
        ...


Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class Recipe(Generic[Model]):
    """What a model is made from: its files on this machine, and how to load, build and probe it.

    `files` holds size and time of change of each file, `fingerprint` hashes their content. `build` makes the model of its
    traits, the text of a `tokenizer.json`, and a forward pass; `probe` returns a unit vector that tells two models apart.
    """

    name: str
    files: dict[str, list[int]]
    fingerprint: Callable[[], str]
    torch: Callable[[], Torch]
    build: Callable[[Card, str, ForwardPass], Model]
    probe: Callable[[Model], Vector]


def load(recipe: Recipe[Model], home: Path) -> Model:
    """Load a model from its compiled form in `home`, which is made there at first use."""
    compiled_folder.refuse_links(home)
    card = find_card(home, recipe.name, recipe.files) or _compile_alone(recipe, home)
    why_not = card.why_not
    for _ in range(0 if why_not else 2):
        try:
            return _compiled(recipe, home, card)
        except ValueError as error:  # It is damaged, or was compiled on another machine.
            compiled_folder.remove(home / card.fingerprint)
            card = _compile_alone(recipe, home)
            why_not = card.why_not or f"its compiled form cannot be used: {error}"
    return _by_torch(recipe, card.fingerprint, why_not)


def _compile_alone(recipe: Recipe[Model], home: Path) -> Card:
    """Compile a model while no other process does; a process that had to wait takes what the other one compiled."""
    fingerprint = recipe.fingerprint()
    with suppress(OSError):
        home.mkdir(parents=True, exist_ok=True)
    with alone(home / LOCK, _COMPILE_S):
        return find_card(home, recipe.name, recipe.files) or _compile(recipe, home, fingerprint)


def _compile(recipe: Recipe[Model], home: Path, fingerprint: str) -> Card:
    """Compile a model into the folder of its fingerprint, in one step; the card says why if that fails."""
    model = recipe.torch()
    facts = (recipe.name, recipe.files, fingerprint, list(model.traits))
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
            expected = recipe.probe(recipe.build(Card(*facts), model.tokenizer, ForwardPass(model.states)))
            card = Card(*facts, made=checksums(new), probe=tuple(expected.tolist()))
            compiled = ForwardPass(CompiledModel(new / "model.xml", keep=False).states)
            if not recipe.probe(recipe.build(card, model.tokenizer, compiled)) @ expected >= _MIN_COSINE:
                return Card(*facts, "its compiled form gives other vectors")
            write_atomically(new / "card.json", json.dumps(asdict(card)).encode())
            compiled_folder.move_into(new, home / fingerprint)
        return card
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        return Card(*facts, f"it cannot be compiled: {str(error).splitlines()[0] if str(error) else type(error).__name__}")


@sober()
def _compiled(recipe: Recipe[Model], home: Path, card: Card) -> Model:
    from qa.encoding.openvino_runtime import CompiledModel

    folder = home / card.fingerprint
    is_cached = check_cache(folder)
    # OpenVINO reads no weights for a model that it takes from its cache.
    made = {name: checksum for name, checksum in card.made.items() if not is_cached or name != "model.bin"}
    if any(crc32(folder / name) != checksum for name, checksum in made.items()):
        raise ValueError("the compiled model is damaged")
    runtime = CompiledModel(folder / "model.xml")
    if not is_cached:
        with suppress(OSError):
            write_atomically(folder / "cache.json", json.dumps(checksums(folder / "cache")).encode())
    tokenizer = (folder / "tokenizer.json").read_text(encoding="utf-8")
    model = recipe.build(card, tokenizer, ForwardPass(runtime.states, runtime.runtime))
    if not recipe.probe(model) @ np.array(card.probe, np.float32) >= _MIN_COSINE:
        raise ValueError("the compiled model gives other vectors here")
    return model


def _by_torch(recipe: Recipe[Model], fingerprint: str, why: str) -> Model:
    model = recipe.torch()
    card = Card(recipe.name, {}, fingerprint, list(model.traits))
    forward = ForwardPass(model.states, f"PyTorch on {model.device}: {why}", model.encode_whole)
    return recipe.build(card, model.tokenizer, forward)


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
