"""The program that makes the run: how it was called, and where its code lies. The module knows no git and no packages."""

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from headrace.base.redaction import mask_arguments, mask_code
from headrace.fluent.provenance.notebook import find_notebook

MAX_SOURCE_BYTES = 1_000_000
"""The largest program file that is copied."""


class Program(Struct, frozen=True):
    """How this process was started. Secrets are masked already.

    Args:
        kind: script, module, notebook or console.
        file: the main file, in full, or empty.
        module: the name given to ``python -m``, or empty.
        argv: as the program sees its arguments.
        command: as the interpreter was called.
        folder: the working directory.
        pid: the process.
    """

    kind: str
    file: str
    module: str
    argv: Sequence[str]
    command: Sequence[str]
    folder: str
    pid: int

    @property
    def code_folder(self) -> Path:
        """Where the code lies: beside the main file, or in the working directory where that file belongs to an installed tool or is not here, as a notebook's may be."""
        file = Path(self.file)
        if not self.file or _is_installed(file) or not file.parent.is_dir():
            return Path(self.folder)
        return file.parent


class SourceFile(Struct, frozen=True):
    """A program file.

    Args:
        name: its name without folders.
        sha256: of the file as it is.
        text: what it holds, secrets masked; empty if the file is too large to be copied.
    """

    name: str
    sha256: str
    text: str


def read_program() -> Program:
    """Return how this process was started."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    file = getattr(main, "__file__", None) or ""
    file = "" if file.startswith("<") else file  # code from the standard input
    notebook = find_notebook()
    kind = "module" if spec is not None else "script"
    if notebook is not None:
        kind, file = "notebook", notebook.path
    elif not file:
        kind = "console"
    return Program(
        kind=kind,
        file=str(Path(file).absolute()) if file else "",
        module=_read_module(spec.name) if spec is not None and kind == "module" else "",
        argv=mask_arguments(sys.argv),
        command=mask_arguments(sys.orig_argv),
        folder=_read_folder(),
        pid=os.getpid(),
    )


def read_source(file: str) -> SourceFile | None:
    """Return a program file, or None if it cannot be read.

    Args:
        file: its path.
    """
    path = Path(file)
    try:
        if not file or not path.is_file():
            return None
        data = path.read_bytes() if path.stat().st_size <= MAX_SOURCE_BYTES else b""
        digest = hashlib.sha256(data) if data else _digest_large(path)
    except OSError:
        return None
    return SourceFile(path.name, digest.hexdigest(), mask_code(data.decode("utf-8", "replace")))


def _digest_large(path: Path) -> "hashlib._Hash":
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256")


def _read_module(name: str) -> str:
    return name.removesuffix(".__main__")


def _read_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # somebody has deleted the folder
        return ""


def _is_installed(file: Path) -> bool:
    places = {Path(sys.prefix), Path(sys.base_prefix)}
    return any(file.is_relative_to(place) for place in places if place != Path("/usr")) or any(
        part in {"site-packages", "dist-packages", "bin"} for part in file.parts[:-1]
    )
