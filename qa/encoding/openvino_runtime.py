"""Run a model compiled for this machine's processor, without PyTorch. The only door to OpenVINO.

Weights are kept in half precision; the arithmetic is bfloat16 where the processor has it, else single precision. Models are
read and compiled only: the library's converter, which reports its use and takes a tenth of a second to import, is left out.
"""

from __future__ import annotations

import importlib
import queue
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CONVERTER = "openvino.tools.ovc"


def _without_converter() -> Any:
    """Import OpenVINO without its converter, which it can do without; others may still import that later."""
    if "openvino" not in sys.modules:
        sys.modules[_CONVERTER] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("openvino")
    finally:
        if _CONVERTER in sys.modules and sys.modules[_CONVERTER] is None:
            del sys.modules[_CONVERTER]


openvino = _without_converter()


def convert(onnx: Path, target: Path) -> None:
    """Write an ONNX model in OpenVINO's own form: `target` (.xml), and its weights beside it (.bin)."""
    openvino.save_model(openvino.Core().read_model(str(onnx)), str(target), compress_to_fp16=True)


class CompiledModel:
    """A compiled forward pass. Safe to use from many threads."""

    def __init__(self, path: Path, *, keep: bool = True) -> None:
        """Compile the model at `path`, or load what an earlier start compiled; with `keep`, leave that for the next start.

        Raise `RuntimeError` if that fails.
        """
        core = openvino.Core()
        # If another process truncated a mapped file, this one would be killed.
        core.set_property({"ENABLE_MMAP": False})
        if keep:
            core.set_property({"CACHE_DIR": str(path.parent / "cache")})
        self._model: Any = core.compile_model(str(path), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        precision = self._model.get_property("INFERENCE_PRECISION_HINT").to_string()
        self.runtime = f"OpenVINO {openvino.__version__.partition('-')[0]}, {precision}"
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def states(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of the last layer, shape (texts, tokens, dimension)."""
        try:
            request = self._idle.get_nowait()
        except queue.Empty:
            request = self._model.create_infer_request()
        try:
            states = request.infer({"ids": ids, "mask": mask})[self._model.output(0)]
            return np.array(states, np.float32)
        finally:
            self._idle.put(request)
