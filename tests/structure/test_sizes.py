"""Sizes: what grows past these limits is split, or stands in exceptions.toml with a reason."""

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 60
MAX_PUBLIC_METHODS = 20

_CODE = {".css", ".js", ".mjs", ".py", ".sh", ".ts", ".tsx"}

_FOLDERS = ("src", "tests", "tools", "bench")

Settle = Callable[[str, Mapping[str, int]], None]
Nodes = Callable[..., Iterator[tuple[str, ast.AST]]]


def _is_generated(path: Path) -> bool:
    """Whether a program of tools/ has written a file, which is as long as what it is written from."""
    return b"Written by tools/" in path.read_bytes()[:500]


def test_no_file_is_longer_than_600_lines(root: Path, committed: list[str], settle: Settle) -> None:
    code = [
        path
        for path in committed
        if (Path(path).suffix in _CODE or path.startswith("scripts/")) and not _is_generated(root / path)
    ]
    lines = {path: len((root / path).read_text("utf-8").splitlines()) for path in code}
    assert code
    settle("file-lines", {path: count for path, count in lines.items() if count > MAX_FILE_LINES})


def test_no_function_is_longer_than_60_lines(nodes: Nodes, settle: Settle) -> None:
    lines = {
        place: (node.end_lineno or node.lineno) - node.lineno + 1
        for place, node in nodes(*_FOLDERS)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert lines
    settle("function-lines", {place: count for place, count in lines.items() if count > MAX_FUNCTION_LINES})


def test_no_class_has_more_than_20_public_methods(nodes: Nodes, settle: Settle) -> None:
    methods = {
        place: len(
            {
                member.name
                for member in node.body
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)
                and not member.name.startswith("_")
            }
        )
        for place, node in nodes(*_FOLDERS)
        if isinstance(node, ast.ClassDef)
    }
    assert methods
    settle("class-methods", {place: count for place, count in methods.items() if count > MAX_PUBLIC_METHODS})
