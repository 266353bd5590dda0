"""The shape of the package: imports point down, each heavy library has one door, and importing loads none of them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import qa

PACKAGE = Path(qa.__file__).parent
FLOORS = (
    "errors files wire text",
    "types settings where",
    "reading encoding",
    "store citation",
    "results watch sync",
    "retrieval",
    "answering",
    "upkeep library shortcut",
    "evaluation doctor web",
    "cli",
)
"""The package from the ground up. Imports go down, or to the left on the same floor, and nowhere else."""
DOORS = {
    "sentence_transformers": ("encoding.torch_runtime", "retrieval.cross_encoder"),
    "transformers": ("encoding.torch_runtime", "encoding.torch_reader"),
    "huggingface_hub": ("encoding.torch_runtime",),
    "torch": ("encoding.torch_runtime", "encoding.torch_reader"),
    "openvino": ("encoding.openvino_runtime",),
    "tokenizers": ("encoding.sentence_encoder",),
    "tantivy": ("store.lexical",),
    "rapidfuzz": ("retrieval.spelling",),
    "faiss": ("store.vectors",),
    "sqlite3": ("store.database",),
    "sentencex": ("text.structure",),
    "charset_normalizer": ("reading.decoding",),
    "frontmatter": ("reading.kinds.plain",),
    "yaml": ("reading.kinds.plain",),
    "lxml": ("reading.kinds",),
    "pypdfium2": ("reading.kinds.pdf",),
    "PIL": ("reading.kinds.pdf",),
    "trafilatura": ("reading.kinds.html",),
    "mammoth": ("reading.kinds.word",),
    "python_calamine": ("reading.kinds.sheets",),
    "striprtf": ("reading.kinds.rtf",),
    "pathspec": ("reading.ignore",),
    "markdown_it": ("web.markdown",),
    "filelock": ("files",),
    "rich": ("cli.progress",),
    "gradio": ("web.chat.gradio_page",),
    "fastapi": ("web",),
    "uvicorn": ("web",),
    "prometheus_client": ("web.metrics",),
}
"""The only modules, or folders, that may import each library."""
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
    "lxml",
    "pypdfium2",
    "trafilatura",
    "mammoth",
    "python_calamine",
    "pathspec",
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
    """Yield the modules of the package that a module imports, such as "retrieval.fusion"."""
    for name in imported(tree):
        parts = name.split(".")
        if parts[0] == "qa":
            while parts[1:] and not (
                PACKAGE.joinpath(*parts[1:]).is_dir() or PACKAGE.joinpath(*parts[1:]).with_suffix(".py").exists()
            ):
                parts.pop()
            yield ".".join(parts[1:])


ROOMS = " ".join(FLOORS).split()
INSIDE = {name: tree for name, tree in modules() if name not in ("__init__", "__main__")}


@pytest.mark.parametrize("name", INSIDE)
def test_imports_point_down(name):
    room = name.partition(".")[0]
    for other in own_imports(INSIDE[name]):
        theirs = other.partition(".")[0]
        if other == "":
            assert room == "cli", f"{name} imports the package root"
        else:
            assert ROOMS.index(theirs) <= ROOMS.index(room), f"{name} imports {other}"


def test_no_modules_import_each_other():
    reached = {name: set(own_imports(tree)) & INSIDE.keys() for name, tree in INSIDE.items()}
    for _ in INSIDE:
        reached = {name: others.union(*(reached[other] for other in others)) for name, others in reached.items()}
    assert [name for name, others in reached.items() if name in others] == []


@pytest.mark.parametrize("name", INSIDE)
def test_each_heavy_library_has_one_door(name):
    for library in {found.split(".")[0] for found in imported(INSIDE[name])} & DOORS.keys():
        assert any(name == door or name.startswith(f"{door}.") for door in DOORS[library]), f"{name} imports {library}"


@pytest.mark.parametrize("name", INSIDE)
def test_only_the_library_imports_the_local_store(name):
    if not name.startswith("store."):
        inner = {other for other in own_imports(INSIDE[name]) if other.startswith("store.")}
        assert inner <= {"store.base", "store.local"}, name
        assert "store.local" not in inner or name == "library"


def test_public_names_are_those_in_all():
    shown = {name for name in vars(qa) if not name.startswith("_")} - {path.stem for path in PACKAGE.iterdir()}
    assert sorted(qa.__all__) == sorted(shown | {"__version__"})


def test_every_public_name_has_a_docstring():
    for name in qa.__all__:
        value = getattr(qa, name)
        if isinstance(value, type) or callable(value):
            assert value.__doc__, name


@pytest.mark.parametrize("module", ["qa", "qa.cli", "qa.web"])
def test_import_loads_nothing_heavy(module):
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_no_file_contains_the_path_of_the_checkout():
    root = PACKAGE.parent
    for path in [*root.glob("*.*"), *PACKAGE.rglob("*.*"), *(root / "seeds").glob("*"), *(root / "tests").glob("*.py")]:
        if path.is_file() and path.suffix in {".py", ".md", ".toml", ".txt", ".css", ".js"}:
            assert f"{root}/" not in path.read_text(encoding="utf-8"), path
