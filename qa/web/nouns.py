"""Names of things in English and Spanish, side by side: of what is counted, of the parts of a file."""

from __future__ import annotations

from collections.abc import Mapping

COUNTED: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "article": (("article", "articles"), ("artículo", "artículos")),
    "passage": (("passage", "passages"), ("pasaje", "pasajes")),
    "dated sentence": (("dated sentence", "dated sentences"), ("frase con fecha", "frases con fecha")),
    "file": (("file", "files"), ("archivo", "archivos")),
    "other kind": (
        ("file of another kind is not read", "files of other kinds are not read"),
        ("archivo de otro tipo no se lee", "archivos de otros tipos no se leen"),
    ),
    "hidden": (
        ("hidden or ignored file or folder is left out", "hidden or ignored files and folders are left out"),
        ("archivo o carpeta oculto o ignorado se omite", "archivos y carpetas ocultos o ignorados se omiten"),
    ),
    "other article": (("other article", "other articles"), ("artículo más", "artículos más")),
}
"""Singular and plural of what is counted."""

PARTS: Mapping[str, tuple[str, str]] = {
    "page": ("page", "página"),
    "slide": ("slide", "diapositiva"),
    "chapter": ("chapter", "capítulo"),
    "sheet": ("sheet", "hoja"),
    "row": ("row", "fila"),
    "rows": ("rows", "filas"),
    "message": ("message", "mensaje"),
    "cell": ("cell", "celda"),
    "record": ("record", "registro"),
    "time": ("time", "minuto"),
}
"""What the parts of a file are called, by the kind of their locators."""
