"""Office files for tests: those that programs made, and copies of them in which a part is another."""

import io
import zipfile
from pathlib import Path

from qa import Article
from qa.reading import formats

FOLDER = Path(__file__).parents[1] / "files" / "office"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OPEN_DOCUMENT = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "table", "style")
)


def content(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def article(name: str, of: bytes | None = None) -> Article:
    found = formats.read(name, content(name) if of is None else of)
    assert isinstance(found, Article), found
    return found


def with_part(whole: bytes, part: str, of: str | bytes) -> bytes:
    """Return a file with another content of one of its parts, which is added if there is none."""
    copied = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as opened, zipfile.ZipFile(copied, "w", zipfile.ZIP_DEFLATED) as copy:
        for each in opened.namelist():
            if each != part:
                copy.writestr(each, opened.read(each))
        copy.writestr(part, of)
    return copied.getvalue()


def word(body: str, head: str = "") -> bytes:
    """Return a Word document with this body."""
    xml = f'{head}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    return with_part(content("lighthouse-writer.docx"), "word/document.xml", xml)


def open_document(body: str, styles: str = "", head: str = "") -> bytes:
    """Return an OpenDocument text with this body."""
    xml = (
        f"{head}<office:document-content {OPEN_DOCUMENT}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    return with_part(content("lighthouse-writer.odt"), "content.xml", xml)
