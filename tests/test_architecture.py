"""The shape of the package: layers point down, one door for each heavy library, nothing heavy at import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import qa

PACKAGE = Path(qa.__file__).parent
LAYERS = [
    {"errors", "schema", "text", "settings", "where", "dates", "question", "tokens", "together", "atomic", "writer", "words"},
    {
        "articles",
        "reader",
        "passages",
        "encoder",
        "compiled",
        "pytorch",
        "models",
        "catalog",
        "vectors",
        "confidence",
        "render",
        "shelf",
        "render_shelf",
        "render_sync",
        "render_charts",
        "render_article",
        "export",
        "reply",
        "suggest",
        "feedback",
        "lexical",
        "fusion",
        "rerank",
        "stories",
        "citation",
        "evaluate",
        "answer",
    },
    {
        "derived",
        "retrieval",
        "answering",
        "adjust",
        "calibration",
        "sync",
        "library",
        "trial",
        "doctor",
        "current",
        "projection",
    },
    {"cli", "server"},
]
SIDEWAYS = {
    ("reader", "articles"),
    ("citation", "articles"),
    ("citation", "reader"),
    ("encoder", "pytorch"),  # for its type
    *((name, "render") for name in ("render_shelf", "render_sync", "render_charts", "render_article")),
    *((name, "shelf") for name in ("render_shelf", "render_sync", "render_charts")),
    *((name, "render_shelf") for name in ("render_sync", "render_charts", "render_article")),
    ("models", "encoder"),
    ("models", "compiled"),
    ("models", "pytorch"),
    ("export", "render"),
    ("reply", "render"),
    ("reply", "export"),
    ("feedback", "render"),
    ("library", "sync"),
    ("library", "derived"),
    ("library", "retrieval"),
    ("library", "answering"),
    ("library", "adjust"),
    ("library", "doctor"),
    ("library", "current"),
    ("current", "retrieval"),
    ("doctor", "library"),  # for its type
    ("doctor", "derived"),
    ("doctor", "sync"),
    ("trial", "calibration"),
    ("answering", "retrieval"),
    ("derived", "retrieval"),
    ("trial", "library"),
    ("cli", "server"),
}
UPWARD = {("schema", "citation")}
"""When `Citation.verify` or `Citation.from_json` is called."""
DOORS = {
    "sentence_transformers": {"pytorch", "rerank"},
    "transformers": {"pytorch"},
    "huggingface_hub": {"pytorch"},
    "torch": {"pytorch"},
    "openvino": {"compiled"},
    "tokenizers": {"encoder"},
    "tantivy": {"lexical"},
    "faiss": {"vectors"},
    "sqlite3": {"catalog"},
    "sentencex": {"text"},
    "charset_normalizer": {"articles"},
    "frontmatter": {"articles"},
    "yaml": {"articles"},
    "filelock": {"writer"},
    "rich": {"cli"},
    "gradio": {"server.page"},
    "fastapi": {"server.api", "server.shelf", "server.page"},
    "uvicorn": {"server"},
    "prometheus_client": {"server.metrics"},
}
HEAVY = (
    "torch",
    "openvino",
    "sentence_transformers",
    "transformers",
    "faiss",
    "gradio",
    "fastapi",
    "uvicorn",
    "pandas",
    "rich",
)


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(tree):
    """The modules of the package that a module imports, as in LAYERS."""
    for name in imported(tree):
        if name.startswith("qa.") or name == "qa":
            yield name.removeprefix("qa").strip(".").split(".")[0]


def layer_of(module):
    top = module.split(".")[0]
    return next((number for number, layer in enumerate(LAYERS) if top in layer), None)


INSIDE = [(name, tree) for name, tree in modules() if name not in ("__init__", "__main__")]


@pytest.mark.parametrize(("name", "tree"), INSIDE, ids=[name for name, _ in INSIDE])
def test_imports_point_down(name, tree):
    mine = layer_of(name)
    assert mine is not None, f"{name} is in no layer"
    for other in own_imports(tree):
        if name.startswith("server") and other == "server":
            continue
        if other == "" and name != "cli":
            pytest.fail(f"{name} imports the package root")
        theirs = layer_of(other)
        if theirs is None:
            assert mine == 3, f"{name} imports {other}"
        else:
            same = mine == theirs and (mine == 0 or (name, other) in SIDEWAYS)
            assert theirs < mine or same or (name, other) in UPWARD, f"{name} imports {other}"


@pytest.mark.parametrize(("name", "tree"), INSIDE, ids=[name for name, _ in INSIDE])
def test_each_heavy_library_has_one_door(name, tree):
    for library in {found.split(".")[0] for found in imported(tree)} & DOORS.keys():
        assert any(name == door or (door == "server" and name.startswith("server")) for door in DOORS[library]), (
            f"{name} imports {library}"
        )


def test_the_shop_window_is_what_all_says():
    shown = {name for name in vars(qa) if not name.startswith("_")} - {path.stem for path in PACKAGE.iterdir()}
    assert sorted(qa.__all__) == sorted(shown | {"__version__"})


def test_everything_public_says_what_it_does():
    for name in qa.__all__:
        value = getattr(qa, name)
        if isinstance(value, type) or callable(value):
            assert value.__doc__, name


@pytest.mark.parametrize("module", ["qa", "qa.cli", "qa.server"])
def test_import_loads_nothing_heavy(module):
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_no_file_names_the_place_where_it_was_written():
    root = PACKAGE.parent
    for path in [*root.glob("*.*"), *PACKAGE.rglob("*.*"), *(root / "seeds").glob("*"), *(root / "tests").glob("*.py")]:
        if path.is_file() and path.suffix in {".py", ".md", ".toml", ".txt", ".css", ".js"}:
            assert f"{root}/" not in path.read_text(encoding="utf-8"), path
