"""The Python code of the guides, as programs: the blocks of a guide run one after the other, each at the line where it stands.

A block whose first line is a comment with a file's name is that file. A line ``<!-- needs: a, b -->`` before a block names packages that it needs beyond those of
the tests. The module does not know what a guide is about.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
SERVER = "http://127.0.0.1:5000"
"""Stands in the guides for a server's address."""
RUN_S = 200

_BLOCK = re.compile(r"^(?:<!-- needs: ([^>]*) -->\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\w+\.py)\n")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Args:
        language: what it is written in.
        text: the code.
        line: where it begins in the guide.
        needs: packages beyond those of the tests.
        file: the file that it is; empty for one that is run in its place.
        section: the heading above it.
    """

    language: str
    text: str
    line: int
    needs: tuple[str, ...]
    file: str
    section: str

    def can_run(self, python: str = sys.executable) -> bool:
        """Whether an interpreter has the packages."""
        return all(_has_package(python, name) for name in self.needs)


@cache
def _has_package(python: str, name: str) -> bool:
    asked = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({name!r}) is None)"
    return subprocess.run([python, "-c", asked], check=False).returncode == 0


def read_blocks(guide: str, language: str = "python") -> list[Block]:
    """Return the blocks of a guide in a language.

    Args:
        guide: its path in docs.
        language: such as python or sh.
    """
    text = (DOCS / guide).read_text("utf-8")
    blocks = []
    for found in _BLOCK.finditer(text):
        named = _FILE.match(found[3])
        needs = tuple(name.strip() for name in (found[1] or "").split(",") if name.strip())
        line = text.count("\n", 0, found.start(3)) + 1
        section = text[: found.start()].rpartition("\n## ")[2].partition("\n")[0]
        blocks.append(Block(found[2], found[3], line, needs, named[1] if named else "", section))
    return [block for block in blocks if block.language == language]


def run_guide(
    guide: str,
    folder: Path,
    server: str = "",
    *,
    by_section: bool = False,
    python: str = sys.executable,
) -> str:
    """Run the blocks of a guide that can be run here, as one program; return what it printed.

    Args:
        guide: its path in docs.
        folder: the working folder; files that the guide shows are written there.
        server: the address of a server, in place of the one in the guide.
        by_section: whether each section is a program of its own.
        python: the interpreter that runs it.
    """
    programs: dict[str, list[str]] = {}
    for block in read_blocks(guide):
        if block.file:
            (folder / block.file).write_text(block.text, "utf-8")
        elif block.can_run(python):
            lines = programs.setdefault(block.section if by_section else "", [])
            lines += [""] * (block.line - 1 - len(lines)) + block.text.splitlines()
    said = ""
    for lines in programs.values():
        program = folder / "guide.py"
        program.write_text("\n".join(lines).replace(SERVER, server or SERVER) + "\n", "utf-8")
        said += run(folder, str(program), python=python)
    return said


def run(folder: Path, *arguments: str, python: str = sys.executable, **environ: str) -> str:
    """Run a program in a folder, with a spool of its own and without settings of the machine; return what it printed."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("HEADRACE_", "MLFLOW_"))
    }
    done = subprocess.run(
        [python, *arguments],
        cwd=folder,
        env=clean | {"HEADRACE_SPOOL_DIR": str(folder / "spool"), "MPLBACKEND": "Agg"} | environ,
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
