"""Measure how fast text is encoded, beside sentence-transformers and beside what the processor can do.

python -m benchmarks encoding --articles DIR [--passages 512]
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from qa import Settings
from qa.encoding import loading
from qa.reading import folder, formats, passages
from qa.reading.passages import encoder_text

ROUNDS = 3
"""Times that all passages are encoded; the best counts, as other work on the machine can only make it slower."""
QUESTIONS = 60
"""Questions of which the median time is reported."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=Path, default=Path("seeds"))
    parser.add_argument("--passages", type=int, default=512)
    options = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from sentence_transformers import SentenceTransformer

    with tempfile.TemporaryDirectory() as home:
        ours = loading.load(loading.BUNDLED, Path(home))
        theirs = SentenceTransformer(str(loading.model_folder(loading.BUNDLED)), device="cpu", local_files_only=True)
        sample = [
            passage
            for file in folder.scan(options.articles).files
            for passage in passages.split(
                formats.read(file.id, file.path.read_bytes()), ours.token_spans, ours.budget, Settings()
            )
        ]
        sample = sample[:: max(1, len(sample) // options.passages)][: options.passages]
        texts, spans = [encoder_text(each) for each in sample], [each.inner_sentences for each in sample]
        lengths = np.array([len(ours.token_spans(text)) + 2 for text in texts])
        rates: dict[str, list[float]] = {"sentence-transformers": [], ours.runtime: []}
        for _ in range(ROUNDS):  # In turns, so that both see the same noise.
            rates["sentence-transformers"].append(len(texts) / _seconds(lambda: theirs.encode(texts, show_progress_bar=False)))
            rates[ours.runtime].append(len(texts) / _seconds(lambda: ours.encode_texts(texts, spans)))
        ceiling = products_per_second(torch)
        print(f"{len(texts)} passages, mean {lengths.mean():.0f} tokens, {torch.get_num_threads()} threads\n")
        print("| | passages/s | × | share of the ceiling | one question, ms |\n|---|---|---|---|---|")
        work = floating_point_operations(theirs, lengths)
        questions = [text[:60] for text in texts[:QUESTIONS]]
        for name, encode in (("sentence-transformers", theirs.encode_query), (ours.runtime, ours.encode_question)):
            rate = max(rates[name])
            one = sorted(_seconds(lambda text=text, encode=encode: encode(text)) for text in questions)[len(questions) // 2]
            ratio, share = rate / max(rates["sentence-transformers"]), rate * work / len(texts) / ceiling
            print(f"| {name} | {rate:.1f} | {ratio:.2f} | {share:.0%} | {one * 1e3:.1f} |")
        print(f"\nCeiling: {ceiling / 1e9:.0f} GFLOP/s in single precision (product of 4096 × 384 and 384 × 1536)")
        print(
            f"Work: {work / len(texts) / 1e9:.2f} GFLOP a passage. We pool every sentence and keep every token; they pool once."
        )


def floating_point_operations(model: Any, lengths: np.ndarray) -> float:
    """Return the operations of the forward passes' matrix products: two for each weight and token, and those of attention."""
    config = model[0].auto_model.config
    weights = config.num_hidden_layers * (4 * config.hidden_size**2 + 2 * config.hidden_size * config.intermediate_size)
    attention = config.num_hidden_layers * 4 * config.hidden_size
    return float((2 * weights * lengths + attention * lengths**2).sum())


def products_per_second(torch: Any) -> float:
    """Return the floating-point operations per second of the fastest of some matrix products."""
    a, b = torch.randn(4096, 384), torch.randn(384, 1536)
    best = min(_seconds(lambda: [a @ b for _ in range(10)]) for _ in range(10))
    return 10 * 2 * 4096 * 384 * 1536 / best


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
