"""What commands print: tables for people, JSON for programs. Does not know what is printed.

With ``--json`` standard output holds JSON and nothing else: one document, or one line for each thing of a list. Text that came
from a server is shown without its control characters, so that nobody's run name can steer a terminal.
"""

import math
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import click
import msgspec
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from headrace.base.json import encode, wire_float

_GAP = 2
_MIN_WIDTH = 8

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
    whole: Collection[str] = (),
    empty: str = "Nothing found.",
) -> None:
    """Print a table that fits the terminal, or 80 columns where there is none.

    Args:
        columns: the headings; one that begins with ``>`` is for numbers, aligned to the right and never cut.
        rows: the cells.
        whole: headings of further columns that are never cut (ids, that one wants to copy).
        empty: printed when there is no row.
    """
    cells = [[clean(cell) for cell in row] for row in rows]
    if not cells:
        click.echo(empty)
        return
    names = [clean(column.removeprefix(">")) for column in columns]
    widths = [max(map(cell_len, column)) for column in zip(names, *cells, strict=True)]
    flexible = [place for place, name in enumerate(columns) if not name.startswith(">") and name not in whole]
    console = Console(file=sys.stdout, highlight=False)
    fit_widths(widths, flexible, console.width - _GAP * (len(widths) - 1))
    console.width = max(console.width, sum(widths) + _GAP * len(widths))
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for name, width, column in zip(names, widths, columns, strict=True):
        justify: Literal["left", "right"] = "right" if column.startswith(">") else "left"
        table.add_column(Text(name), justify=justify, width=width, no_wrap=True, overflow="ellipsis")
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def fit_widths(widths: list[int], flexible: Collection[int], room: int) -> None:
    """Make columns narrower, the widest flexible one first, until they fit or each is as narrow as it may be.

    Args:
        widths: characters in each column, changed in place.
        flexible: places of the columns that may become narrower.
        room: characters for all columns.
    """
    while sum(widths) > room:
        widest = max(flexible, key=lambda place: widths[place], default=None)
        if widest is None or widths[widest] <= _MIN_WIDTH:
            return
        widths[widest] -= 1


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
