"""Write small PDF files by hand, such as no program would."""

from collections.abc import Sequence


def pdf(pages: Sequence[str], *, catalog: str = "", info: str = "", media: str = "0 0 600 800", rotate: int = 0) -> bytes:
    """Return a PDF: each page has a text, one line below the other in Helvetica; an empty page has nothing at all.

    A line may begin with its place, such as "100,40|". `catalog` and `info` go into these dictionaries as they are.
    """
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for n, page in enumerate(pages):
        shown = "\n".join(_line(line, 700 - 14 * m) for m, line in enumerate(page.splitlines()))
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{media}] /Rotate {rotate} /Contents {5 + 2 * n} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(shown.encode('cp1252'))} >>\nstream\n{shown}\nendstream",
        ]
    return _file([*objects, f"<< {info} >>"])


def _line(line: str, height: int) -> str:
    place, bar, text = line.rpartition("|")
    x, y = place.split(",") if bar else (70, height)
    text = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /F1 11 Tf {x} {y} Td ({text}) Tj ET"


def _file(objects: Sequence[str]) -> bytes:
    content, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += f"{number} 0 obj\n{each}\nendobj\n".encode("cp1252")
    entries = "".join(f"{place:010} 00000 n \n" for place in places)
    size, start = len(objects) + 1, len(content)
    table = f"xref\n0 {size}\n0000000000 65535 f \n{entries}"
    trailer = f"trailer << /Size {size} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return content + f"{table}{trailer}".encode()
