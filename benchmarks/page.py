"""Measure the page in a real Chromium against a real server: time to ready and to the first passage, size, and memory.

python -m benchmarks page --seeds DIR --embeddings DIR --questions FILE [--asked 500]

The server is started on an index that is up to date; each of twenty questions is typed into one tab, and timed from the key
that sends it to the first passage on the screen. Then `--asked` questions are asked in that tab, and its memory is measured.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TIMED = 20
"""Questions that are timed."""
OWN_PATHS = ("/static-qa/", "/words.json", "/shelf")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=Path, default=Path("seeds"))
    parser.add_argument("--embeddings", type=Path, default=Path("embeddings"))
    parser.add_argument("--questions", type=Path, required=True, help="JSON lines with a field question")
    parser.add_argument("--asked", type=int, default=500, help="questions in one tab")
    options = parser.parse_args()
    questions = [json.loads(line)["question"] for line in options.questions.read_text(encoding="utf-8").splitlines()]
    from playwright.sync_api import sync_playwright

    with serving(options.seeds, options.embeddings) as address, sync_playwright() as playwright:
        chromium = os.environ.get("QA_CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, value in measure(browser, address, questions, options.asked).items():
            print(f"| {name} | {value} |")
        browser.close()


@contextmanager
def serving(seeds: Path, embeddings: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "qa", "serve", "--port", "0", "--feedback", ""]
    command += ["--seeds", str(seeds), "--embeddings", str(embeddings)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        line = next(line for line in server.stdout if line.startswith("Ask at "))
        try:
            yield line.removeprefix("Ask at ").strip()
        finally:
            server.terminate()


def measure(browser: Any, address: str, questions: list[str], count: int) -> dict[str, str]:
    """Return the measures of the page by name; memory over `count` questions."""
    row: dict[str, str] = {}
    page = browser.new_page(locale="en-US")
    urls: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    started = time.perf_counter()
    page.goto(address)
    page.locator("#qa-box textarea").click()
    row["ready for typing, s"] = f"{time.perf_counter() - started:.2f}"
    page.wait_for_timeout(2000)
    row |= _weights(page)
    for question in questions[:3]:
        ask(page, question)
    times = sorted(ask(page, question) for question in questions[3 : 3 + TIMED])
    row["key to first passage p50 · p95, ms"] = f"{times[TIMED // 2]:.0f} · {times[int(TIMED * 0.95)]:.0f}"
    heap = [_heap_mb(page)]
    for number in range(count):
        ask(page, questions[number % len(questions)])
        if (number + 1) % max(1, count // 5) == 0:
            heap.append(_heap_mb(page))
    row[f"memory of the tab's script, {count} questions, MB"] = " · ".join(f"{each:.0f}" for each in heap)
    row["requests elsewhere"] = str(sum(not url.startswith((address, "data:", "blob:")) for url in urls))
    # The page's policy refuses Gradio's inline scripts, and Gradio works without them.
    ours = [error for error in errors if "inline script" not in error]
    row["console errors, ours"] = f"{len(ours)} {' '.join(ours)[:200]}".strip()
    return row


TIMING = """
question => new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error(`no answer to: ${question}: ${document.querySelector("#qa-chat").textContent.slice(-300)}
    ${document.querySelector("#qa-box textarea").value} | ${document.querySelector("#qa-notice").textContent}`)), 20000);
  const started = performance.now();
  let shown = 0;
  const look = () => {
    const asked = [...document.querySelectorAll("#qa-chat .qa-asked")].pop();
    if (!asked || asked.textContent !== question) return;
    const after = selector => [...document.querySelectorAll(`#qa-chat ${selector}`)].pop();
    const follows = element => element && asked.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
    if (!shown && follows(after(".qa-cited, .qa-finding"))) shown = performance.now() - started;
    if (shown && follows(after(".qa-link"))) { watch.disconnect(); resolve(shown); }
  };
  const watch = new MutationObserver(look);
  watch.observe(document.querySelector("#qa-chat"), { childList: true, subtree: true, characterData: true });
  document.querySelector("#qa-box button.submit-button").click();
})
"""


def ask(page: Any, question: str) -> float:
    """Type a question, wait for the whole answer, and return the milliseconds from the key to the first passage."""
    page.wait_for_timeout(100)  # The page takes no other question until it knows that the answer is complete.
    page.locator("#qa-box textarea").fill(question)
    return float(page.evaluate(TIMING, question.strip()))


def _weights(page: Any) -> dict[str, str]:
    """Return how many files were loaded, and their size as sent."""
    files = page.evaluate("performance.getEntriesByType('resource').map(each => [each.name, each.encodedBodySize])")
    own = [size for url, size in files if any(part in url for part in OWN_PATHS)]
    return {
        "our files · kB": f"{len(own)} · {sum(own) / 1e3:.0f}",
        "all files, Gradio's with them · MB": f"{len(files)} · {sum(size for _, size in files) / 1e6:.2f}",
    }


def _heap_mb(page: Any) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return float(used) / 1e6


if __name__ == "__main__":
    main()
