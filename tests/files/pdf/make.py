"""Print text.txt with Chromium and with LibreOffice as the PDF files beside it: `python make.py`, in this folder."""

import html
import os
import re
import subprocess
import tempfile
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
OASIS = "urn:oasis:names:tc:opendocument:xmlns"
WRITER = f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.text"
  xmlns:office="{OASIS}:office:1.0" xmlns:style="{OASIS}:style:1.0" xmlns:text="{OASIS}:text:1.0"
  xmlns:fo="{OASIS}:xsl-fo-compatible:1.0">
<office:styles>
  <style:default-style style:family="paragraph">
    <style:text-properties fo:language="en" fo:country="GB" style:font-name="Liberation Serif" fo:font-size="10pt"/>
  </style:default-style>
  <style:style style:name="P" style:family="paragraph">
    <style:paragraph-properties fo:text-align="justify" fo:text-indent="0.4cm"/><style:text-properties fo:hyphenate="true"/>
  </style:style>
  <style:style style:name="H" style:family="paragraph">
    <style:paragraph-properties fo:margin-top="0.2cm"/><style:text-properties fo:font-weight="bold"/>
  </style:style>
</office:styles>
<office:automatic-styles><style:page-layout style:name="L">
  <style:page-layout-properties fo:page-width="14.8cm" fo:page-height="21cm" fo:margin="1.5cm">
    <style:columns fo:column-count="2" fo:column-gap="0.5cm"/>
  </style:page-layout-properties>
  <style:header-style><style:header-footer-properties fo:min-height="0.5cm"/></style:header-style>
  <style:footer-style><style:header-footer-properties fo:min-height="0.5cm"/></style:footer-style>
</style:page-layout></office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="L">
  <style:header><text:p>The Court, in notes</text:p></style:header>
  <style:footer><text:p>- <text:page-number/> -</text:p></style:footer>
</style:master-page></office:master-styles>
<office:body><office:text>{{}}</office:text></office:body></office:document>"""


def blocks() -> list[str]:
    return [html.escape(block.strip()) for block in Path("text.txt").read_text(encoding="utf-8").split("\n\n")]


def write() -> None:
    styled = "".join(
        f'<text:h text:style-name="H">{each[3:]}</text:h>' if each[0] == "#" else f'<text:p text:style-name="P">{each}</text:p>'
        for each in blocks()
    )
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder, "two-columns-writer.fodt")
        document.write_text(WRITER.format(styled), encoding="utf-8")
        subprocess.run(["soffice", "--headless", "--convert-to", "pdf", str(document)], check=True)


def page(name: str, kind: dict[str, object]) -> str:
    body = "".join(f"<h2>{each[3:]}</h2>" if each[0] == "#" else f"<p>{SYLLABLE.sub('&shy;', each)}</p>" for each in blocks())
    title = f"The Court in {name.replace('-', ' ')}"
    return f'<!doctype html><html lang="en"><title>{title}</title><style>{STYLE.format(**kind)}</style>{body}'


write()
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
