"""What the structure tests look at: the repository, its files as git sees them, and the list of exceptions."""

import ast
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_RULES = {"file-lines", "function-lines", "class-methods", "blind-except", "late-import", "dynamic-import"}


def _walk(node: ast.AST, path: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield every node below `node` with the place it stands in, as file::Class.function."""
    for child in ast.iter_child_nodes(node):
        place = path
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            place = f"{path}{'.' if '::' in path else '::'}{child.name}"
        yield place, child
        yield from _walk(child, place)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return _ROOT


@pytest.fixture(scope="session")
def committed() -> list[str]:
    """Every file that is committed or would be, relative to the repository, with forward slashes."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=_ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted(path for path in set(listed.split("\0")) if path and (_ROOT / path).is_file())


@pytest.fixture(scope="session")
def nodes(committed: list[str]) -> Callable[..., Iterator[tuple[str, ast.AST]]]:
    """A function that yields (place, node) for all Python code in the folders it is given."""

    def walk(*folders: str) -> Iterator[tuple[str, ast.AST]]:
        for path in committed:
            if path.endswith(".py") and path.startswith(tuple(f"{folder}/" for folder in folders)):
                yield from _walk(ast.parse((_ROOT / path).read_bytes(), filename=path), path)

    return walk


@pytest.fixture(scope="session")
def settle() -> Callable[[str, Mapping[str, int]], None]:
    """A function that fails unless what breaks `rule` is exactly what exceptions.toml lists, no more and no less."""
    entries = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text("utf-8")).get(
        "exception", []
    )
    for entry in entries:
        assert set(entry) == {"rule", "place", "at", "reason"}, f"{entry} needs rule, place, at and reason"
        assert entry["rule"] in _RULES, f"{entry} names no rule; there are {sorted(_RULES)}"
        assert entry["reason"].strip(), f"{entry} gives no reason"

    def compare(rule: str, found: Mapping[str, int]) -> None:
        assert rule in _RULES
        allowed = {entry["place"]: entry["at"] for entry in entries if entry["rule"] == rule}
        wrong = [
            f"{place}: {count}, allowed {allowed.get(place, 'none')}"
            for place, count in found.items()
            if count > allowed.get(place, 0)
        ]
        stale = [
            f"{place}: listed {at}, there is {found.get(place, 'none')}: lower or remove it in exceptions.toml"
            for place, at in allowed.items()
            if found.get(place, 0) < at
        ]
        assert not wrong + stale, f"{rule}:\n" + "\n".join(wrong + stale)

    return compare
