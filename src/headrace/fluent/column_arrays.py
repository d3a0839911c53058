"""Pages of columns from the wire as arrays of numpy. Loaded at first use. Knows no kind of data frame."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from headrace.api.tables import MISSING, TableColumn
from headrace.base.errors import DataLoss
from headrace.fluent.run_tables import Page, RunColumns, is_time


class Texts(NamedTuple):
    """A column of texts: of each row the place of its text in `texts`, whose last entry, None, stands for a missing one."""

    places: npt.NDArray[np.int64]
    texts: list[str | None]


class Numbers(NamedTuple):
    """A column of numbers.

    Args:
        numbers: float64 or int64.
        missing: the rows without one; None if all have one.
        is_time: whether they are Unix milliseconds.
    """

    numbers: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_] | None
    is_time: bool


def read_arrays(found: RunColumns) -> Iterator[tuple[str, Texts | Numbers]]:
    """Yield the columns by name, without those that may be left out and hold nothing.

    Raises:
        DataLoss: the answer is damaged.
    """
    for place, name in enumerate(found.names):
        parts = [(page, page.columns[place]) for page in found.pages]
        column = _read_texts(parts) if _is_text(name, parts) else _read_numbers(name, parts)
        if name in found.optional and _is_empty(column):
            continue
        yield name, column


def _is_text(name: str, parts: Sequence[tuple[Page, TableColumn]]) -> bool:
    return parts[0][1].type == "text" if parts else not is_time(name)


def _is_empty(column: Texts | Numbers) -> bool:
    if isinstance(column, Texts):
        return len(column.texts) == 1
    return len(column.numbers) == 0 or (column.missing is not None and bool(column.missing.all()))


def _read_texts(parts: Sequence[tuple[Page, TableColumn]]) -> Texts:
    texts: list[str | None] = []
    places: list[npt.NDArray[np.int64]] = []
    for page, column in parts:
        codes = np.frombuffer(column.codes, "<u4").astype(np.int64)
        is_missing = codes == MISSING
        if len(codes) != page.rows or codes[~is_missing].max(initial=-1) >= len(column.texts):
            raise _damaged(column)
        places.append(np.where(is_missing, -1, codes + len(texts)))
        texts += column.texts
    joined = np.concatenate(places) if places else np.empty(0, np.int64)
    joined[joined < 0] = len(texts)
    return Texts(joined, [*texts, None])


def _read_numbers(name: str, parts: Sequence[tuple[Page, TableColumn]]) -> Numbers:
    values: list[npt.NDArray[Any]] = []
    missing: list[npt.NDArray[np.bool_]] = []
    for page, column in parts:
        numbers = np.frombuffer(column.values, "<f8" if column.type == "float64" else "<i8")
        has_bitmap = bool(column.present)
        if len(numbers) != page.rows or (has_bitmap and len(column.present) != -(-page.rows // 8)):
            raise _damaged(column)
        values.append(numbers)
        if has_bitmap:
            bits = np.unpackbits(np.frombuffer(column.present, np.uint8), bitorder="little")
            missing.append(bits[: page.rows] == 0)
        else:
            missing.append(np.zeros(page.rows, np.bool_))
    joined = np.concatenate(values) if values else np.empty(0, np.int64)
    without = np.concatenate(missing) if missing else np.empty(0, np.bool_)
    return Numbers(joined, without if without.any() else None, is_time(name))


def _damaged(column: TableColumn) -> DataLoss:
    return DataLoss(f"The answer is damaged: its column {column.name!r} does not fit its rows. Ask again.")
