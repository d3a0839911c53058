"""Columns as an Arrow IPC stream, made with nanoarrow. Loaded at first use."""

import io
from collections.abc import Sequence
from typing import Any

import nanoarrow as na  # type: ignore[import-untyped]
import numpy as np
from nanoarrow.ipc import StreamWriter  # type: ignore[import-untyped]

from headrace.search.tree import Entity, Field
from headrace.store.run_table import NumberCells, TextCells, pack_bits

_MAX_STRING_BYTES = 2**31 - 1
_TIMES = {"start_time", "end_time"}

Named = tuple[str, Field, TextCells | NumberCells]


def write_stream(rows: int, columns: Sequence[Named]) -> bytes:
    """Return an Arrow IPC stream with one batch.

    Texts are strings (large ones if they take more than 2 GiB), numbers float64 or int64, times timestamps in milliseconds, UTC; what is missing is null.

    Args:
        rows: how many rows there are.
        columns: name, field and cells of each.
    """
    parts = [_build(field, cells, rows) for _, field, cells in columns]
    schema = na.struct({name: kind for (name, _, _), (kind, _) in zip(columns, parts, strict=True)})
    batch = na.c_array_from_buffers(
        schema, rows, [None], null_count=0, children=[array for _, array in parts]
    )
    out = io.BytesIO()
    with StreamWriter.from_writable(out) as writer:
        writer.write_stream(batch)
    return out.getvalue()


def _build(field: Field, cells: TextCells | NumberCells, rows: int) -> tuple[Any, Any]:
    """Return the type and the array of a column."""
    if isinstance(cells, TextCells):
        return _build_texts(cells, rows)
    kind: Any = na.float64() if cells.values.dtype == np.float64 else na.int64()
    if field.entity is Entity.ATTRIBUTE and field.key in _TIMES:
        kind = na.timestamp("ms", "UTC")
    bitmap = None if cells.present.all() else pack_bits(cells.present)
    return kind, na.c_array_from_buffers(kind, rows, [bitmap, np.ascontiguousarray(cells.values)])


def _build_texts(cells: TextCells, rows: int) -> tuple[Any, Any]:
    encoded = [*(text.encode() for text in cells.texts), b""]
    codes = np.minimum(cells.codes, len(cells.texts)).astype(np.int64)  # a missing one is empty
    lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))[codes]
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    is_large = int(ends[-1]) > _MAX_STRING_BYTES
    kind: Any = na.large_string() if is_large else na.string()
    present = codes < len(cells.texts)
    bitmap = None if present.all() else pack_bits(present)
    data = b"".join(map(encoded.__getitem__, codes.tolist()))
    offsets = ends if is_large else ends.astype(np.int32)
    return kind, na.c_array_from_buffers(kind, rows, [bitmap, offsets, data])
