"""Writes the doors, and the table of public names of `headrace`, from tools/door_rows.py; with ``--check`` it only tells whether they are stale.

A door is a module that offers, under MLflow's names, what lives elsewhere. Each name must be where the table says.
"""

import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

from door_rows import DOORS, PUBLIC, Names

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "headrace"
RUFF = Path(sys.executable).with_name("ruff")

_HEAD = '''\
"""{summary} Each name is loaded when it is first used.{more}

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door
'''
_INIT_SUMMARY = "headrace: track experiments, keep artifacts and models, speak MLflow's protocol."
_INIT_MORE = " ``import headrace`` costs next to nothing."


def build(file: Path, summary: str, names: Names, more: str = "") -> str:
    """Return the text of a module.

    Args:
        file: where it will lie.
        summary: the first line of its docstring.
        names: what it offers, and where that lives.
        more: what the first line says besides.
    """
    shown = sorted(name for name in names if not name.startswith("__"))
    parts = [_HEAD.format(summary=summary, more=more), "\nif TYPE_CHECKING:\n"]
    parts += [_build_import(name, names[name]) for name in shown]
    parts += [f"    {name}: str\n" for name in names if name not in shown]
    parts += [
        f"\n__all__ = {shown}\n",
        f"\n__getattr__, __dir__ = open_door(__name__, {dict(sorted(names.items()))})\n",
    ]
    return _format(file, "".join(parts))


def _build_import(name: str, address: str) -> str:
    """Return the import that type checkers see."""
    module, _, attribute = address.partition(":") if ":" in address else address.rpartition(".")
    return (
        f"    from {module} import {attribute}\n"
        if name == attribute
        else f"    from {module} import {attribute} as {name}\n"
    )


def _format(file: Path, text: str) -> str:
    """Return code as the formatter leaves it."""
    for arguments in (["check", "--quiet", "--fix-only", "--select=I,Q,RUF022", "--preview"], ["format"]):
        command: list[str | Path] = [RUFF, *arguments, f"--stdin-filename={file}", "-"]
        text = subprocess.run(
            command, input=text, cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
    return text


def build_all() -> dict[Path, str]:
    """Return the files and their texts."""
    init = PACKAGE / "__init__.py"
    texts = {init: build(init, _INIT_SUMMARY, PUBLIC, _INIT_MORE)}
    for name, door in DOORS.items():
        is_package = any(other.startswith(f"{name}.") for other in DOORS)
        path = PACKAGE.joinpath(*name.split("."))
        file = path / "__init__.py" if is_package else path.with_suffix(".py")
        texts[file] = build(file, door.summary, door.names)
    return texts


def find_stale() -> dict[Path, str]:
    """Return the files that are not what they should be, and their texts."""
    texts = build_all()
    return {
        path: text for path, text in texts.items() if not path.is_file() or path.read_text("utf-8") != text
    }


def find_missing() -> list[str]:
    """Return the addresses of the table that nothing is at."""
    missing = []
    for address in sorted(
        {
            address
            for names in (PUBLIC, *(door.names for door in DOORS.values()))
            for address in names.values()
        }
    ):
        module, _, name = address.partition(":")
        if not _is_there(module, name):
            missing.append(address)
    return missing


def _is_there(module: str, name: str) -> bool:
    """Return whether a module has a name; a module that needs a package which is not installed is read, not loaded."""
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "headrace":
            return False
        spec = importlib.util.find_spec(module)
        assert spec is not None
        text = Path(str(spec.origin)).read_text("utf-8")
        return re.search(rf"^(?:class|def) {name}\b", text, re.MULTILINE) is not None
    return not name or hasattr(found, name)


def main(arguments: list[str]) -> int:
    """Write or check the files and return the exit status."""
    if arguments not in ([], ["--check"]):
        print("usage: doors.py [--check]", file=sys.stderr)
        return 2
    stale = find_stale()
    if not arguments:
        while stale:  # a new package lets the formatter know more
            for path, text in stale.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
            stale = find_stale()
    for path in stale:
        print(
            f"{path.relative_to(ROOT)} is not what tools/door_rows.py says; write it again with: python tools/doors.py",
            file=sys.stderr,
        )
    missing = find_missing()
    for address in missing:
        print(f"there is nothing at {address}, which tools/door_rows.py names", file=sys.stderr)
    return 1 if stale or missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
