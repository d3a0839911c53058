"""What commands print: tables for people, JSON for programs. Does not know what is printed.

With ``--json`` standard output holds JSON and nothing else: one document, or one line for each thing of a list. Text that came
from a server is shown without its control characters, so that nobody's run name can steer a terminal.
"""

import math
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from headrace.base.json import encode, wire_float

json_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON (a list: one object a line) and nothing else."
)


def print_json(value: object) -> None:
    """Print one JSON document on a line of its own."""
    click.echo(encode(_plain(value)).decode())


def print_json_lines(values: Iterable[object]) -> None:
    """Print one JSON document a line."""
    for value in values:
        print_json(value)


def _plain(value: object) -> object:
    """Return a value as dictionaries, lists and numbers; NaN and infinities in the spelling of the wire."""
    if isinstance(value, msgspec.Struct):
        value = {
            name: item
            for name, item in ((field, getattr(value, field)) for field in value.__struct_fields__)
            if item is not msgspec.UNSET
        }
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return wire_float(value)
    return value


def clean(text: str) -> str:
    """Return text on one line, without control characters."""
    return "".join(
        " "
        if char in "\n\r\t"
        else "\ufffd"
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"}
        else char
        for char in text
    )


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    whole: Sequence[str] = (),
    empty: str = "Nothing found.",
) -> None:
    """Print a table that fits the terminal, or 80 columns.

    Args:
        columns: the headings; one that begins with ``>`` is for numbers, aligned to the right.
        rows: the cells.
        whole: headings of columns that are never cut (ids, that one wants to copy).
        empty: printed when there is no row.
    """
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        is_number = column.startswith(">")
        name = column.removeprefix(">")
        is_whole = is_number or name in whole
        table.add_column(
            Text(clean(name)),
            justify="right" if is_number else "left",
            no_wrap=True,
            overflow="ignore" if is_whole else "ellipsis",
            min_width=None if is_whole else 4,
        )
    count = 0
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
        count += 1
    if count:
        Console(file=sys.stdout, highlight=False, soft_wrap=False).print(table)
    else:
        click.echo(empty)


def print_fields(fields: Iterable[tuple[str, str]], *, indent: int = 0) -> None:
    """Print names and values, one pair a line, the values below each other."""
    pairs = [(clean(name), clean(value)) for name, value in fields]
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        click.echo(f"{' ' * indent}{name:<{width}}  {value}".rstrip())


def show_time(time_ms: int | object) -> str:
    """Return a time in Unix milliseconds as local date and time; ``-`` for one that is not set."""
    if not isinstance(time_ms, int) or time_ms <= 0:
        return "-"
    try:
        return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return str(time_ms)


def show_number(value: float) -> str:
    """Return a number with at most six significant digits."""
    if math.isnan(value) or math.isinf(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    return f"{value:.6g}"


def show_size(size_bytes: int) -> str:
    """Return a number of bytes in the unit that fits."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:  # noqa: PLR2004 - what these units are
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
