"""The first rows of tables: what the cells say, what the columns are, how much of a file is read."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.api.artifacts import TableHead
from headrace.base.errors import InvalidParameter
from headrace.blobs.local import LocalStore
from headrace.services import table_heads
from headrace.services.table_heads import MAX_BYTES, MAX_CELL, MAX_CELLS, MAX_COLUMNS, read_head


class _Counting:
    """An open file that notes how much of it was read."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.size, self.mtime_ms = inner.size, inner.mtime_ms
        self.read = 0

    def read_at(self, offset: int, count: int) -> bytes:
        data: bytes = self._inner.read_at(offset, count)
        self.read += len(data)
        return data


def _head(folder: Path, name: str, content: bytes, rows: int = 100) -> TableHead:
    return _read(folder, name, content, rows)[0]


def _read(folder: Path, name: str, content: bytes, rows: int) -> tuple[TableHead, int]:
    store = LocalStore(folder)
    store.prepare()
    with store.open_writer(name) as writer:
        writer.write(content)
        writer.commit()
    with store.open_reader(name) as reader:
        counting: Any = _Counting(reader)
        return read_head(counting, name, rows), counting.read


def _types(head: TableHead) -> dict[str, str]:
    return {column.name: column.type for column in head.columns}


def test_a_csv_has_the_types_that_its_texts_can_be_read_as(tmp_path: Path) -> None:
    text = (
        'n,x,flag,day,name,empty\n1,0.5,true,2026-01-02,"a, ""b""",\n-2,nan,False,2026-01-02 10:00:00,x\ny,\n'
    )
    text = text.replace("x\ny", '"x\ny"')
    head = _head(tmp_path, "t.csv", text.encode())
    assert _types(head) == {
        "n": "integer",
        "x": "number",
        "flag": "boolean",
        "day": "time",
        "name": "text",
        "empty": "text",
    }
    assert head.rows == [
        ["1", "0.5", "true", "2026-01-02", 'a, "b"', ""],
        ["-2", "nan", "False", "2026-01-02 10:00:00", "x\ny", ""],
    ]
    assert (head.total_rows, head.total_columns) == (2, 6)


def test_rows_that_are_longer_or_shorter_than_the_header_are_shown_whole(tmp_path: Path) -> None:
    head = _head(tmp_path, "t.tsv", b"\xef\xbb\xbfa\t\n1\t2\t3\n\n4\n")
    assert [column.name for column in head.columns] == ["a", "column 2", "column 3"]
    assert head.rows == [["1", "2", "3"], ["4", "", ""]]


def test_only_the_rows_asked_for_come_and_all_are_counted(tmp_path: Path) -> None:
    head = _head(tmp_path, "t.csv", b"a\n" + b"1\n" * 5000, rows=3)
    assert (len(head.rows), head.total_rows) == (3, 5000)


def test_of_a_long_file_the_beginning_is_read_and_no_row_is_cut(tmp_path: Path) -> None:
    line = b"12345678," * 100 + b"9\n"
    content = b",".join(b"c%d" % place for place in range(101)) + b"\n" + line * (MAX_BYTES // len(line) + 50)
    head, read = _read(tmp_path, "t.csv", content, 1000)
    assert read <= MAX_BYTES
    assert {row[-1] for row in head.rows} == {"9"}
    assert not head.total_rows


@pytest.mark.parametrize("content", [b"", b"\n\n", b"a,b\n"])
def test_a_table_without_rows_is_one(tmp_path: Path, content: bytes) -> None:
    head = _head(tmp_path, "t.csv", content)
    assert (head.rows, head.total_rows) == ([], 0)


def test_wide_tables_and_long_texts_are_cut(tmp_path: Path) -> None:
    names = b",".join(b"c%d" % place for place in range(MAX_COLUMNS + 5))
    head = _head(tmp_path, "t.csv", names + b"\n" + b"," * (MAX_COLUMNS + 4) + b"\n")
    assert (len(head.columns), head.total_columns, len(head.rows[0])) == (
        MAX_COLUMNS,
        MAX_COLUMNS + 5,
        MAX_COLUMNS,
    )
    head = _head(tmp_path, "u.csv", b"a\n" + b"x" * 5000 + b"\n")
    assert len(head.rows[0][0]) == MAX_CELL
    assert head.rows[0][0].endswith("…")
    wide = names + b"\n" + (b"1," * (MAX_COLUMNS + 4) + b"1\n") * 900
    head = _head(tmp_path, "v.csv", wide, rows=1000)
    assert len(head.rows) * len(head.columns) <= MAX_CELLS


def test_a_logged_table_is_columns_and_data(tmp_path: Path) -> None:
    data = {"columns": ["a", "b", "c"], "data": [[1, "x", None], [2.5, "y", {"k": [1]}], [None, "<b>", True]]}
    head = _head(tmp_path, "t.json", json.dumps(data).encode(), rows=2)
    assert _types(head) == {"a": "number", "b": "text", "c": "object"}
    assert head.rows == [["1", "x", ""], ["2.5", "y", '{"k": [1]}']]
    assert head.total_rows == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.json", '[{"a": 1, "b": NaN}, {"c": true}]'),
        ("t.jsonl", '{"a": 1, "b": NaN}\n\n{"c": true}\n'),
        ("t.json", '{"a": [1], "b": [NaN], "c": [null, true]}'),
    ],
)
def test_objects_and_columns_by_name_are_tables_too(tmp_path: Path, name: str, text: str) -> None:
    head = _head(tmp_path, name, text.encode())
    assert _types(head) == {"a": "integer", "b": "number", "c": "boolean"}
    assert head.rows == [["1", "NaN", ""], ["", "", "true"]]
    assert head.total_rows == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.json", b'{"a": 1}'),
        ("t.json", b"[1, 2]"),
        ("t.json", b"{"),
        ("t.json", b"[" * 100_000),
        ("t.jsonl", b'{"a": 1}\nx\n'),
        ("t.parquet", b"PAR1 no such thing PAR1"),
        ("t.parquet", b""),
        ("t.txt", b"a,b\n"),
        ("t", b"a,b\n"),
        ("t.csv", b"a\n" + b"x" * 200_000 + b"\n"),
    ],
)
def test_what_is_no_table_is_refused_with_its_name(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(InvalidParameter, match=f"'{name}'"):
        _head(tmp_path, name, content)


def test_large_json_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_heads, "MAX_JSON_BYTES", 10)
    with pytest.raises(InvalidParameter, match="up to 10 bytes"):
        _head(tmp_path, "t.json", b'[{"a": 1}, {"a": 2}]')


def test_of_parquet_a_part_is_read_and_the_types_are_the_file_s(tmp_path: Path) -> None:
    count = 300_000
    table = pa.table(
        {
            "n": pa.array(range(count), pa.int64()),
            "x": pa.array([0.5, None] * (count // 2), pa.float64()),
            "t": pa.array([0] * count, pa.timestamp("ms", "UTC")),
            "s": pa.array([f"{place:040x}" for place in range(count)]),
            "l": pa.array([[1, 2]] * count),
            "b": pa.array([True] * count),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out, compression="none", row_group_size=count, use_dictionary=False)
    head, read = _read(tmp_path, "t.parquet", out.getvalue(), 2)
    assert _types(head) == {
        "n": "integer",
        "x": "number",
        "t": "time",
        "s": "text",
        "l": "object",
        "b": "boolean",
    }
    assert head.rows[1] == ["1", "", "1970-01-01 00:00:00+00:00", f"{1:040x}", "[1, 2]", "true"]
    assert (len(head.rows), head.total_rows, head.total_columns) == (2, count, 6)
    assert read < len(out.getvalue()) / 2
