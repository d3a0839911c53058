"""The first rows of files that hold a table, as texts: CSV, TSV, Parquet, JSON lines, and tables as MLflow's clients log them.

So much of a file is read as its first rows need, and never more than `MAX_BYTES`. The module knows open files, not whose they are.
"""

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from headrace.api.artifacts import HeadColumn, TableHead
from headrace.base import plugins
from headrace.base.errors import InvalidParameter, NotImplementedByServer
from headrace.blobs.store import BlobReader

MAX_ROWS = 1000
MAX_COLUMNS = 1000
MAX_CELL = 1000
MAX_BYTES = 8 * 2**20
MAX_JSON_BYTES = 32 * 2**20
MAX_CELLS = 200_000
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(
    r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|nan|inf|infinity)", re.IGNORECASE
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_TRUTH = frozenset({"true", "false"})
_TRUTHS = {True: "true", False: "false"}


def read_head(reader: BlobReader, name: str, rows: int) -> TableHead:
    """Return the first rows of a file.

    Args:
        reader: the file.
        name: its name, whose ending says what it is.
        rows: how many are wanted.

    Raises:
        InvalidParameter: the file is no table, or not what its name says.
        NotImplementedByServer: a package that reads it is not installed here.
    """
    ending = name.rpartition(".")[2].lower()
    read = _READERS.get(ending)
    if read is None:
        raise InvalidParameter(
            f"{name!r} is no table that can be shown: its name ends in none of {', '.join(sorted(_READERS))}. Download it."
        )
    return read(reader, name, rows)


def _read_csv(reader: BlobReader, name: str, rows: int) -> TableHead:
    return _read_delimited(reader, name, rows, ",")


def _read_tsv(reader: BlobReader, name: str, rows: int) -> TableHead:
    return _read_delimited(reader, name, rows, "\t")


def _read_delimited(reader: BlobReader, name: str, rows: int, delimiter: str) -> TableHead:
    text, is_whole = _read_text(reader)
    if not is_whole:
        text = text[: text.rfind("\n") + 1] or text  # what is cut in the middle is no row
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found: list[list[str]] = []
    count = 0
    try:
        for cells in lines:
            if not cells:
                continue
            count += 1
            if len(found) <= rows:
                found.append(cells)
            elif not is_whole:
                break
    except csv.Error as error:
        raise InvalidParameter(
            f"{name!r} cannot be read as a table: line {lines.line_num}: {error}."
        ) from None
    header = found[0] if found else []
    body = found[1:]
    names = [cell or f"column {place + 1}" for place, cell in enumerate(header)]
    names += [f"column {place + 1}" for place in range(len(names), max(map(len, body), default=0))]
    head = _build(names, body, _guess_type)
    if is_whole:
        head.total_rows = max(0, count - 1)
    return head


def _read_json_lines(reader: BlobReader, name: str, rows: int) -> TableHead:
    text, is_whole = _read_text(reader)
    lines = text.split("\n")
    if not is_whole and len(lines) > 1:
        lines.pop()
    lines = [line for line in lines if line.strip()]
    records = []
    for place, line in enumerate(lines[:rows], start=1):
        record = _parse_json(line, name, f"line {place}")
        records.append(record if isinstance(record, dict) else {"value": record})
    head = _build_records(records)
    if is_whole:
        head.total_rows = len(lines)
    return head


def _read_json(reader: BlobReader, name: str, rows: int) -> TableHead:
    """Read a table as ``mlflow.log_table`` writes it (columns, data), a list of objects, or columns by name."""
    if reader.size > MAX_JSON_BYTES:
        raise InvalidParameter(
            f"{name!r} has {reader.size} bytes; tables in JSON are shown up to {MAX_JSON_BYTES} bytes. Download it."
        )
    found = _parse_json(_decode(reader.read_at(0, reader.size)), name, "the file")
    match found:
        case {"columns": [*names], "data": [*data]}:
            body = [each if isinstance(each, list) else [each] for each in data[:rows]]
            head = _build([str(each) for each in names], body, _name_type)
            head.total_rows = len(data)
        case [*records] if records and all(isinstance(each, dict) for each in records[:rows]):
            head = _build_records(records[:rows])
            head.total_rows = len(records)
        case dict() if found and all(isinstance(each, list) for each in found.values()):
            lists: list[list[Any]] = list(found.values())
            length = max(map(len, lists))
            body = [[_at(each, place) for each in lists] for place in range(min(rows, length))]
            head = _build(list(found), body, _name_type)
            head.total_rows = length
        case _:
            raise InvalidParameter(
                f"{name!r} holds JSON that is no table: neither columns and data, nor a list of objects."
            )
    return head


def _read_parquet(reader: BlobReader, name: str, rows: int) -> TableHead:
    try:
        parquet = plugins.load("headrace.services.parquet_heads")
    except ModuleNotFoundError:
        raise NotImplementedByServer(
            f"{name!r} is a Parquet file, and pyarrow is not installed where this server runs: pip install 'headrace[arrow]', then start it again."
        ) from None
    found: tuple[list[tuple[str, str]], list[list[Any]], int, int] = parquet.read_rows(
        reader, name, rows, MAX_COLUMNS
    )
    columns, body, total_rows, total_columns = found
    head = _build([column for column, _ in columns], body, _name_type)
    for column, (_, kind) in zip(head.columns, columns, strict=False):
        column.type = kind
    head.total_rows, head.total_columns = total_rows, total_columns
    return head


_READERS: dict[str, Callable[[BlobReader, str, int], TableHead]] = {
    "csv": _read_csv,
    "tsv": _read_tsv,
    "tab": _read_tsv,
    "jsonl": _read_json_lines,
    "ndjson": _read_json_lines,
    "json": _read_json,
    "parquet": _read_parquet,
    "pq": _read_parquet,
}


def _read_text(reader: BlobReader) -> tuple[str, bool]:
    """Return the beginning of a file, and whether that is all of it."""
    data = reader.read_at(0, min(reader.size, MAX_BYTES))
    return _decode(data), reader.size <= MAX_BYTES


def _decode(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace")


def _parse_json(text: str, name: str, place: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidParameter(f"{name!r} cannot be read as JSON: {place}: {error}.") from None
    except RecursionError:
        raise InvalidParameter(f"{name!r} cannot be read as JSON: {place} is nested too deeply.") from None


def _build_records(records: Sequence[dict[str, Any]]) -> TableHead:
    names = list(dict.fromkeys(key for record in records for key in record))
    return _build(names, [[record.get(key) for key in names] for record in records], _name_type)


def _build(
    names: list[str], body: Sequence[Sequence[Any]], find_type: Callable[[Iterable[Any]], str]
) -> TableHead:
    """Return an answer: columns that there is room for, cells as texts.

    Args:
        names: of the columns.
        body: the rows, of any length.
        find_type: says what some values are.
    """
    shown = names[:MAX_COLUMNS]
    body = body[: max(1, MAX_CELLS // max(1, len(shown)))]
    columns = [
        HeadColumn(name=_cut(name), type=find_type(_at(row, place) for row in body))
        for place, name in enumerate(shown)
    ]
    rows = [[_write(_at(row, place)) for place in range(len(shown))] for row in body]
    return TableHead(columns=columns, rows=rows, total_columns=len(names))


def _at(row: Sequence[Any], place: int) -> Any:
    return row[place] if place < len(row) else None


def _write(value: Any) -> str:
    if isinstance(value, str):
        return _cut(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return _TRUTHS[value]
    if isinstance(value, float):
        return (
            repr(value)
            if math.isfinite(value)
            else {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")
        )
    if isinstance(value, dict | list):
        return _cut(json.dumps(value, ensure_ascii=False, default=str))
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"


def _guess_type(texts: Iterable[str | None]) -> str:
    """Return what all texts of a column can be read as; empty ones tell nothing."""
    told = [text.strip() for text in texts if text and text.strip()]
    if not told:
        return "text"
    for kind, fits in _FITS:
        if all(map(fits, told)):
            return kind
    return "text"


_FITS: tuple[tuple[str, Callable[[str], Any]], ...] = (
    ("integer", _INTEGER.fullmatch),
    ("number", _NUMBER.fullmatch),
    ("boolean", lambda text: text.lower() in _TRUTH),
    ("time", _TIME.fullmatch),
)


def _name_type(values: Iterable[Any]) -> str:
    """Return what the values of a column are; missing ones tell nothing."""
    kinds = {_KINDS.get(type(value), "object") for value in values if value is not None}
    if kinds == {"integer", "number"}:
        return "number"
    return kinds.pop() if len(kinds) == 1 else "text"


_KINDS: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "text"}
