"""Print text.txt with Chromium as the PDF files beside it: `python make.py`, in this folder."""

import html
import os
import re
from pathlib import Path

from playwright.sync_api import sync_playwright

STYLE = """
body {{ font: {size}pt/1.35 "Liberation Serif"; margin: 0; columns: {columns}; column-gap: 18pt; text-align: {align} }}
h2 {{ font: {heading} "Liberation Serif"; margin: 12pt 0 4pt; text-align: left }}
p {{ margin: {gap}pt 0; text-indent: {indent}pt }}
"""
KINDS = {
    "one-column": {"columns": 1, "size": 11, "align": "left", "gap": 9, "indent": 0, "heading": "bold 11pt"},
    "two-columns": {"columns": 2, "size": 10, "align": "justify", "gap": 0, "indent": 14, "heading": "13pt"},
    "three-columns": {"columns": 3, "size": 8.5, "align": "left", "gap": 6, "indent": 0, "heading": "11pt"},
}
SYLLABLE = re.compile(r"(?<=[a-z]{3})(?=(?:tion|ment|sion|tary|ties|cial|ing)\b)")
HEAD = '<div style="font:8px Liberation Serif;width:100%;margin:0 50px;display:flex;justify-content:space-between">{}</div>'


def page(name: str, kind: dict[str, object]) -> str:
    blocks = [html.escape(block.strip()) for block in Path("text.txt").read_text(encoding="utf-8").split("\n\n")]
    body = "".join(f"<h2>{each[3:]}</h2>" if each[0] == "#" else f"<p>{SYLLABLE.sub('&shy;', each)}</p>" for each in blocks)
    title = f"The Court in {name.replace('-', ' ')}"
    return f'<!doctype html><html lang="en"><title>{title}</title><style>{STYLE.format(**kind)}</style>{body}'


with sync_playwright() as playwright:
    chromium = os.environ.get("QA_CHROMIUM", "/usr/bin/chromium")
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    tab = browser.new_page()
    for name, kind in KINDS.items():
        tab.set_content(page(name, kind))
        tab.pdf(
            path=f"{name}.pdf",
            format="A5",
            margin={"top": "60px", "bottom": "60px", "left": "50px", "right": "50px"},
            display_header_footer=True,
            header_template=HEAD.format("<span>Notes on the Court</span><span>November 2026</span>"),
            footer_template=HEAD.format("<span>Page <span class=pageNumber></span> of <span class=totalPages></span></span>"),
        )
    browser.close()
