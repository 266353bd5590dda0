"""Train the reader, and write `qa/encoding/data/reader.npz`: the upper layers in which it differs from the bundled encoder.

python -m benchmarks reader SET [SET ...] --work FOLDER: sets of questions as for `qa eval`, each a folder with `articles/` and
`questions.jsonl`, or the file of questions in such a folder. A fifth of the articles is left out for measuring. A run that was
stopped goes on from its last checkpoint in FOLDER. See docs/reader.md for the data, the licences and the figures.
"""

import argparse
import hashlib
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import AutoTokenizer, BertForQuestionAnswering, PreTrainedTokenizerBase

from benchmarks.reader_examples import Example, Found, examples, found, is_held_out
from qa.encoding import loading
from qa.encoding.reader_loading import UPPER_PATH
from qa.encoding.torch_reader import save_upper
from qa.evaluation.confidence_measures import auroc

FROZEN = 2
"""Layers, beside the embeddings, that stay as the encoder has them, and so need not be in the package."""
BATCH, RATE, WARM_UP, EPOCHS, WINDOW = 16, 2e-4, 100, 1.5, 352
CHECKPOINT = 400
"""Steps between two checkpoints."""
LONGEST = 30
SEED = 1

Encoded = tuple[list[int], list[int], int, int]
"""Token ids, token types, and the numbers of the answer's first and last token, 0 for no answer."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    fitted, held_out = [], []
    for path in options.sets:
        for each, is_apart in questions_of(path, options.work):
            (held_out if is_apart else fitted).append(each)
    tokenizer = AutoTokenizer.from_pretrained(loading.model_folder(loading.BUNDLED))
    encoded = [each for example in examples(fitted, random.Random(SEED)) if (each := encode(tokenizer, example))]
    print(f"{len(encoded)} examples, {sum(not each[2] for each in encoded)} of them without an answer", flush=True)
    model = reader()
    train(model, encoded, options.work / "checkpoint.pt")
    upper = {name: value.detach().numpy() for name, value in model.named_parameters() if value.requires_grad}
    save_upper(upper, UPPER_PATH)
    print(f"{UPPER_PATH}: sha256 {hashlib.sha256(UPPER_PATH.read_bytes()).hexdigest()}")
    print(f"AUROC on the passages that held-out questions are about: {measured(model, tokenizer, held_out):.3f}")


def questions_of(path: Path, work: Path) -> list[tuple[Found, bool]]:
    """Return the questions of a set, each with True if it is held out."""
    folder, file = (path, path / "questions.jsonl") if path.is_dir() else (path.parent, path)
    questions = list(found(folder, file, work))
    are_few = not all(each.answerable for each in questions)
    return [(each, is_held_out(folder.name, each.article, are_few=are_few)) for each in questions]


def reader() -> BertForQuestionAnswering:
    """Return the bundled encoder with a new head, its embeddings and lower layers frozen."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    model = BertForQuestionAnswering.from_pretrained(loading.model_folder(loading.BUNDLED), attn_implementation="sdpa")
    for part in (model.bert.embeddings, *model.bert.encoder.layer[:FROZEN]):
        part.requires_grad_(requires_grad=False)
    return model


def encode(tokenizer: PreTrainedTokenizerBase, example: Example) -> Encoded | None:
    """Return an example in tokens, or None if its answer is cut off."""
    head = f"{example.title}\n" if example.title else ""
    tokens = tokenizer(
        example.question, head + example.text, truncation="longest_first", max_length=WINDOW, return_offsets_mapping=True
    )
    ids, types, first, last = tokens["input_ids"], tokens["token_type_ids"], 0, 0
    if example.answer:
        start, end = (offset + len(head) for offset in example.answer)
        spans = enumerate(zip(tokens["offset_mapping"], types, strict=True))
        inside = [n for n, ((a, b), of_text) in spans if of_text and a < b and a < end and b > start]
        if not inside:
            return None
        first, last = inside[0], inside[-1]
    return ids, types, first, last


def train(model: BertForQuestionAnswering, encoded: list[Encoded], checkpoint: Path) -> None:
    steps = int(EPOCHS * len(encoded) / BATCH)
    plan = batches([len(each[0]) for each in encoded], steps, random.Random(SEED + 1))
    weights = [value for value in model.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.01)
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    started = time.perf_counter()
    model.train()
    for step in range(first, steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / WARM_UP) * (1 - step / steps)
        ids, mask, types, starts, ends = collated([encoded[n] for n in plan[step]])
        with torch.autocast("cpu", torch.bfloat16):
            output = model(input_ids=ids, attention_mask=mask, token_type_ids=types)
        loss = sum(
            nn.functional.cross_entropy(logits.float().masked_fill(mask == 0, -1e4), target)
            for logits, target in ((output.start_logits, starts), (output.end_logits, ends))
        )
        optimizer.zero_grad()
        (loss / 2).backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        if (step + 1) % CHECKPOINT == 0:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            torch.save(state, checkpoint)
            speed = BATCH * (step + 1 - first) / (time.perf_counter() - started)
            print(f"step {step + 1} of {steps}, loss {loss.item() / 2:.2f}, {speed:.0f} examples a second", flush=True)
    model.eval()


def batches(lengths: list[int], count: int, choose: random.Random) -> list[list[int]]:
    """Return so many batches of examples of similar length, in random order, all examples once before any twice."""
    plan: list[list[int]] = []
    while len(plan) < count:
        order = sorted(range(len(lengths)), key=lambda n: lengths[n] + 20 * choose.random())
        epoch = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        choose.shuffle(epoch)
        plan += epoch
    return plan[:count]


def collated(items: list[Encoded]) -> tuple[torch.Tensor, ...]:
    """Return ids, mask, types, shape (examples, tokens), and the first and last tokens of the answers."""
    shape = len(items), max(len(each[0]) for each in items)
    ids, mask, types = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
    for row, (own, own_types, *_) in enumerate(items):
        ids[row, : len(own)], types[row, : len(own)] = torch.tensor(own), torch.tensor(own_types)
        mask[row, : len(own)] = 1
    return ids, mask, types, torch.tensor([each[2] for each in items]), torch.tensor([each[3] for each in items])


@torch.inference_mode()
def measured(model: BertForQuestionAnswering, tokenizer: PreTrainedTokenizerBase, questions: list[Found]) -> float:
    """Return how well the reader's margin tells questions that a passage answers from others about the same passage."""
    margins: dict[bool, list[float]] = {True: [], False: []}
    for each in questions:
        number = next((n for n, passage in enumerate(each.passages) if passage[3]), -1) if each.answerable else each.about
        encoded = encode(tokenizer, Example(each.question, *each.passages[number][:2], None)) if number >= 0 else None
        if encoded:
            ids, mask, types, *_ = collated([encoded])
            output = model(input_ids=ids, attention_mask=mask, token_type_ids=types)
            spans = (output.start_logits[0][:, None] + output.end_logits[0][None, :]).triu().tril(LONGEST - 1)
            of_text = types[0].bool()
            none = output.start_logits[0, 0] + output.end_logits[0, 0]
            best = spans.masked_fill(~(of_text[:, None] & of_text[None, :]), -1e9).max()
            margins[each.answerable].append(float(best - none))
    return auroc(np.array(margins[True]), np.array(margins[False]))


if __name__ == "__main__":
    main()
