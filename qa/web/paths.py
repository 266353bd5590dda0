"""Path parameters of any characters: the id of an article is the name of its file, which may have line feeds."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class _Anything(Convertor[str]):
    regex = r"[\s\S]*"  # Starlette's own "path" ends at a line feed.

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def register() -> None:
    """Make `{id:anything}` known to routes."""
    register_url_convertor("anything", _Anything())
