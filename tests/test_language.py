"""Guards the language of code and documentation, see docs/conventions.md#language."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

RIDDLES = ("What", "How", "Where", "When", "Who", "Whom", "Whose", "Which", "Those", "...", "\N{HORIZONTAL ELLIPSIS}")
MAX_LINE = 120
MAX_README_WORDS = 500
MAX_SENTENCE_WORDS = 35


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yields line and text of every string statement: docstrings, and texts under constants and fields."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value.strip()


def opens_with_a_riddle(text: str) -> bool:
    return any(re.match(rf"{re.escape(word)}(?!\w)", text, re.IGNORECASE) for word in RIDDLES)


def identifiers(path: Path) -> Iterator[tuple[int, str]]:
    """Yields line and name of everything that a module defines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """Yields line number and text of all lines but tables, code blocks and the texts of pictures."""
    code = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        code ^= line.lstrip().startswith("```")
        if not code and not line.lstrip().startswith(("```", "|", "![")) and not line.startswith("    "):
            yield number, line


def sentences(page: Path) -> Iterator[str]:
    """Yields the sentences of a page; code, formulas and links count as one word each."""
    paragraphs: list[str] = [""]
    for _, line in prose(page):
        if not line.strip() or line.lstrip().startswith(("#", "- ", "* ", "1. ")) or re.match(r"\s*\d+\. ", line):
            paragraphs.append("")
        paragraphs[-1] += " " + line.strip()
    for paragraph in paragraphs:
        plain = re.sub(r"`[^`]*`", "code", paragraph)
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", plain)
        yield from re.split(r"(?<=[.!?])\s+(?=[\w(*])", plain)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_docstrings_open_with_a_verb_or_a_noun(path: Path) -> None:
    assert not [f"{line}: {text[:60]}" for line, text in docstrings(path) if opens_with_a_riddle(text)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_bounds_are_called_min_and_max(path: Path) -> None:
    assert not [f"{line}: {name}" for line, name in identifiers(path) if re.search(r"(^|_)(least|most)_", name.lower())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_outside_tables_are_short(page: Path) -> None:
    assert not [number for number, line in prose(page) if len(line) > MAX_LINE]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sentences_are_short(page: Path) -> None:
    assert not [sentence for sentence in sentences(page) if len(sentence.split()) > MAX_SENTENCE_WORDS]


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= MAX_README_WORDS


@pytest.mark.parametrize(
    ("text", "riddle"),
    [("What is seen.", True), ("... and more.", True), ("Whole clips.", False), ("Howling noise.", False)],
)
def test_the_rule_for_docstrings_can_fail(text: str, riddle: bool) -> None:
    assert opens_with_a_riddle(text) == riddle
