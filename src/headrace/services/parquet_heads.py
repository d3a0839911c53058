"""The first rows of Parquet files. Loaded at first use: it needs pyarrow."""

import io
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from headrace.base.errors import InvalidParameter
from headrace.blobs.store import BlobReader

BUFFER_BYTES = 2**20


class _File(io.RawIOBase):
    """An open file of a store as Python's own files are.

    Args:
        reader: the file.
    """

    def __init__(self, reader: BlobReader) -> None:
        self._reader = reader
        self._place = 0

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See `io.RawIOBase`."""
        self._place = (
            offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._reader.size}[whence]
        )
        return self._place

    def tell(self) -> int:
        """See `io.RawIOBase`."""
        return self._place

    def read(self, size: int = -1) -> bytes:
        """See `io.RawIOBase`."""
        left = max(0, self._reader.size - self._place)
        data = self._reader.read_at(self._place, left if size < 0 else min(size, left))
        self._place += len(data)
        return data


def read_rows(
    reader: BlobReader, name: str, rows: int, columns: int
) -> tuple[list[tuple[str, str]], list[list[Any]], int, int]:
    """Return names and types of columns, rows, and how many rows and columns the file has.

    Args:
        reader: the file.
        name: its name, for messages.
        rows: how many are wanted.
        columns: how many are wanted.

    Raises:
        InvalidParameter: it is no Parquet file.
    """
    try:
        file = pq.ParquetFile(_File(reader), buffer_size=BUFFER_BYTES, pre_buffer=False)
        schema = file.schema_arrow
        wanted = schema.names[:columns]
        batches = file.iter_batches(batch_size=max(1, rows), columns=wanted, use_threads=False)
        batch = next(iter(batches), None)
    except (pa.ArrowException, OSError) as error:
        raise InvalidParameter(f"{name!r} cannot be read as Parquet: {error}.") from None
    kinds = [(each, _name_type(schema.field(place).type)) for place, each in enumerate(wanted)]
    if batch is None:
        return kinds, [], file.metadata.num_rows, len(schema.names)
    cells = [column.slice(0, rows).to_pylist() for column in batch.columns]
    return kinds, [list(row) for row in zip(*cells, strict=True)], file.metadata.num_rows, len(schema.names)


def _name_type(kind: Any) -> str:
    tests = (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "integer"),
        (pa.types.is_floating, "number"),
        (pa.types.is_decimal, "number"),
        (pa.types.is_temporal, "time"),
        (pa.types.is_nested, "object"),
    )
    return next((word for test, word in tests if test(kind)), "text")
