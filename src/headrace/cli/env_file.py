"""Files of environment variables (``--env-file``), as MLflow and containers use them. Knows no variable."""

import os
import re
import shlex
from pathlib import Path

import click

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)", re.DOTALL)


def read_env_file(path: Path) -> dict[str, str]:
    """Return the variables of a file: lines of ``NAME=value``, ``#`` for comments, quotes as in a shell.

    Raises:
        click.UsageError: a line is none of these.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise click.UsageError(f"{path}:{number}: {text[:80]!r} is not of the form NAME=value.")
        found[match[1]] = _unquote(match[2])
    return found


def _unquote(text: str) -> str:
    if text[:1] not in {'"', "'"}:
        return text.split(" #", 1)[0].strip()
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        return text
    return words[0] if words else ""


def load_env_file(_ctx: click.Context, _param: click.Parameter, value: Path | None) -> None:
    """Set the variables of a file, except those that the environment has already."""
    if value is not None:
        for name, content in read_env_file(value).items():
            os.environ.setdefault(name, content)


env_file_option = click.option(
    "--env-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=load_env_file,
    help="Read environment variables from a file; those that are set already stay.",
)
