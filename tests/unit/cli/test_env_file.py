"""Files of environment variables."""

from pathlib import Path

import click
import pytest

from headrace.cli.env_file import read_env_file


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("A=1", {"A": "1"}),
        ("export A=1", {"A": "1"}),
        (" A = spaced ", {"A": "spaced"}),
        ("A=", {"A": ""}),
        ("A=x # said aside", {"A": "x"}),
        ("A=x#y", {"A": "x#y"}),
        ('A="two words # kept"', {"A": "two words # kept"}),
        ("A='single' # aside", {"A": "single"}),
        ('A="never closed', {"A": '"never closed'}),
        ("A=b=c", {"A": "b=c"}),
        ("# A=1", {}),
        ("", {}),
    ],
)
def test_a_line_is_read_as_a_shell_would(tmp_path: Path, line: str, found: dict[str, str]) -> None:
    path = tmp_path / "x.env"
    path.write_text(f"\n{line}\n")
    assert read_env_file(path) == found


@pytest.mark.parametrize("line", ["no equals", "1A=x", "A B=x"])
def test_another_line_is_refused_with_its_place(tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.env"
    path.write_text(f"OK=1\n{line}\n")
    with pytest.raises(click.UsageError, match=r"x\.env:2"):
        read_env_file(path)
