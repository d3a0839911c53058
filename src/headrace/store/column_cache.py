"""Columns of runs, kept in memory as arrays and kept right through the change clock.

A column is valid at one clock. A reader of a later snapshot reads again what the log of changes names since then, and leaves the column at its own
clock for the next; a reader of an earlier snapshot reads again, for itself alone, what has changed since its own. So each gets exactly what its
snapshot holds, whatever the others do. Arrays are never changed once they are in a column: a newer column has new ones.

Columns of the same experiments stand in a block, whose rows are runs in the order in which they were first asked for. Bounded: the columns that were
longest not asked for go first.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from threading import Lock
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field
from msgspec.structs import replace

from headrace.base.errors import InvalidParameter
from headrace.store import step_columns
from headrace.store.connection import Connection
from headrace.store.run_changes import RunChanges
from headrace.store.run_columns import Coded, Found, Integers, Source, read_columns

MAX_MIB = 256
MAX_MIB_VARIABLE = "HEADRACE_TABLE_CACHE_MIB"
LONG = 20_000
"""Who has to read more cells than so many waits for others that do."""
MAX_SPAN = 5_000_000
"""Between runs whose ids lie further apart is searched."""
UNKNOWN, NOTHING, VALUE = np.uint8(0), np.uint8(1), np.uint8(2)
_CELL_BYTES = 9
# What a text takes besides its characters: the object, its place in a list and in a dictionary.
_TEXT_BYTES = 100

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Texts:
    """The distinct texts of a column, by code. It only grows, so that codes stay what they are. For many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._codes: dict[str, int] = {}
        self.all: list[str] = []
        self.size = 0

    def encode(self, values: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return the codes of texts; new ones get one."""
        with self._lock:
            for text in dict.fromkeys(values):
                if text not in self._codes:
                    self._codes[text] = len(self.all)
                    self.all.append(text)
                    self.size += len(text) + _TEXT_BYTES
            return np.fromiter(map(self._codes.__getitem__, values), np.int64, len(values))


class _Column(Struct, frozen=True):
    """What is known of a column at one clock.

    Args:
        clock: the clock.
        states: of each row of the block, `UNKNOWN`, `NOTHING` or `VALUE`; rows behind its end are unknown.
        values: integers, a metric's as codes; or codes of texts.
        texts: the texts, if it is a column of texts.
    """

    clock: int
    states: npt.NDArray[np.uint8]
    values: Integers
    texts: Texts | None

    @property
    def size(self) -> int:
        """Bytes in memory, roughly."""
        return self.states.nbytes + self.values.nbytes + (self.texts.size if self.texts else 0)


class Cells(NamedTuple):
    """A column as it was asked for.

    Args:
        present: where there is a value.
        values: integers, a metric's as codes; or codes of texts. Anything where there is none.
        texts: the texts by code; more than were asked for, perhaps.
    """

    present: Mask
    values: Integers
    texts: list[str]


class _Block(Struct):
    """Columns over the same rows. Who holds `loading` may take `lock`."""

    lock: Lock = field(default_factory=Lock)
    loading: Lock = field(default_factory=Lock)
    ids: Integers = field(default_factory=lambda: np.empty(0, np.int64))
    rows: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    columns: dict[Source, _Column] = field(default_factory=dict)

    def place(self, runs: Integers) -> Rows:
        """Return the rows of runs; those that have none get one."""
        with self.lock:
            fresh = np.unique(runs[self._find(runs) < 0])
            if len(fresh):
                at = np.searchsorted(self.ids, fresh)
                rows = np.arange(len(self.ids), len(self.ids) + len(fresh))
                self.ids, self.rows = np.insert(self.ids, at, fresh), np.insert(self.rows, at, rows)
            return self._find(runs)

    def find(self, runs: Integers) -> Rows:
        """Return the rows of those runs that have one."""
        with self.lock:
            found = self._find(runs)
        return found[found >= 0]

    def _find(self, runs: Integers) -> Rows:
        if not len(self.ids):
            return np.full(len(runs), -1)
        at = np.minimum(np.searchsorted(self.ids, runs), len(self.ids) - 1)
        return np.where(self.ids[at] == runs, self.rows[at], -1)


class Wanted(NamedTuple):
    """What is asked for.

    Args:
        clock: the clock of the connection's snapshot.
        scopes: the scopes that the runs are in.
        runs: integer ids, in the order of the answer, each once.
    """

    clock: int
    scopes: tuple[int, ...]
    runs: Integers


class ColumnCache:
    """All blocks of a store. Columns that were not used lately are dropped beyond `max_bytes`, which is 256 MiB, or HEADRACE_TABLE_CACHE_MIB."""

    def __init__(self) -> None:
        self.max_bytes = read_max_bytes()
        self._lock = Lock()
        self._blocks: dict[tuple[int, ...], _Block] = {}
        self._used: dict[tuple[tuple[int, ...], Source], int] = {}  # size by column, the latest used last

    def read(self, conn: Connection, wanted: Wanted, sources: Iterable[Source]) -> dict[Source, Cells]:
        """Return columns exactly as the connection's snapshot has them.

        Args:
            conn: where to read what is not known.
            wanted: which runs.
            sources: which columns.
        """
        sources = list(sources)
        if not sources:
            return {}
        key = tuple(sorted({scope >> 1 for scope in wanted.scopes}))
        block = self._open(key, len(wanted.runs), len(sources))
        reading = _Reading(conn, wanted, block)
        reading.prepare(sources)
        with block.loading if reading.is_long else nullcontext():
            if reading.is_long:  # what another has read meanwhile is not read again
                reading.prepare(sources)
            reading.fill()
            self._keep(key, block, reading.columns)
        return {source: reading.cells(source) for source in reading.columns}

    def _open(self, key: tuple[int, ...], runs: int, columns: int) -> _Block:
        """Return the block to read in: a fresh one, if columns as high as the old one would be far more than was asked for, and too much."""
        with self._lock:
            block = self._blocks.setdefault(key, _Block())
            height = len(block.ids)
            if height > 2 * runs and height * columns * _CELL_BYTES > self.max_bytes:
                block = self._blocks[key] = _Block()
                for used in [used for used in self._used if used[0] == key]:
                    del self._used[used]
            return block

    def _keep(self, key: tuple[int, ...], block: _Block, columns: dict[Source, _Column]) -> None:
        """Leave columns for the next reader, and drop what there is no room for."""
        with block.lock:
            for source, column in columns.items():
                held = block.columns.get(source)
                if held is None or held.clock <= column.clock:
                    block.columns[source] = column
        with self._lock:
            for source, column in columns.items():
                self._used.pop((key, source), None)
                self._used[key, source] = column.size
            total = sum(self._used.values())
            while total > self.max_bytes and self._used:
                oldest = next(iter(self._used))
                total -= self._used.pop(oldest)
                self._drop(*oldest)
            if not block.columns and self._blocks.get(key) is block:  # nothing of it was worth keeping
                self._blocks.pop(key, None)

    def _drop(self, key: tuple[int, ...], source: Source) -> None:
        block = self._blocks.get(key)
        if block is None:
            return
        with block.lock:
            block.columns.pop(source, None)
            if not block.columns:
                del self._blocks[key]


class _Reading:
    """One reader's columns on their way from what is kept to what its snapshot holds."""

    def __init__(self, conn: Connection, wanted: Wanted, block: _Block) -> None:
        self._conn = conn
        self._wanted = wanted
        self._block = block
        self._rows = block.place(wanted.runs)
        self._height = int(self._rows.max(initial=-1)) + 1
        self._stale: dict[int, Rows | None] = {}
        self._needs: dict[Source, Mask] = {}
        self.columns: dict[Source, _Column] = {}

    @property
    def is_long(self) -> bool:
        """Whether so much is to be read that nobody else should read it at the same time."""
        return sum(int(np.count_nonzero(need)) for need in self._needs.values()) > LONG

    def prepare(self, sources: Iterable[Source]) -> None:
        """Take what is kept of columns, and note of which runs they must be read."""
        with self._block.lock:
            held = {source: self._block.columns.get(source) for source in sources}
        self._stale = {}  # only now: all runs of which these columns know something have rows
        for source, column in held.items():
            self._prepare(source, column)

    def _prepare(self, source: Source, held: _Column | None) -> None:
        stale = None if held is None else self._stale_rows(held.clock)
        if held is None or stale is None or _is_bloated(held):
            texts = Texts() if source.is_text else None
            empty = np.zeros(self._height, np.uint8), np.zeros(self._height, np.int64)
            self.columns[source] = _Column(self._wanted.clock, *empty, texts)
            self._needs[source] = np.ones(len(self._rows), np.bool_)
            return
        states, values = held.states, held.values
        if len(states) < self._height:
            missing = self._height - len(states)
            states, values = np.pad(states, (0, missing)), np.pad(values, (0, missing))
        stale = stale[stale < len(states)]
        if np.any(states[stale]):
            states = states.copy() if states is held.states else states
            states[stale] = UNKNOWN
        self.columns[source] = replace(held, clock=self._wanted.clock, states=states, values=values)
        self._needs[source] = states[self._rows] == UNKNOWN

    def _stale_rows(self, clock: int) -> Rows | None:
        """Return the rows that a column of a clock does not have as the snapshot has them; None if that is not known."""
        if clock not in self._stale:
            changes = self._conn.caches.part(RunChanges)
            runs = changes.between(self._conn, clock, self._wanted.clock)
            found = None if runs is None else self._block.find(np.fromiter(runs, np.int64, len(runs)))
            self._stale[clock] = found
        return self._stale[clock]

    def fill(self) -> None:
        """Read what is not known: columns of which nothing is known apart from those of which something changed."""
        if not len(self._rows):
            return
        counts = {source: int(np.count_nonzero(need)) for source, need in self._needs.items()}
        whole = [source for source, count in counts.items() if count == len(self._rows)]
        some = [source for source, count in counts.items() if 0 < count < len(self._rows)]
        for group in (whole, some):
            if group:
                need = np.logical_or.reduce([self._needs[source] for source in group])
                self._read(group, need)

    def _read(self, group: list[Source], need: Mask) -> None:
        runs, rows = self._wanted.runs[need], self._rows[need]
        find_rows = _make_finder(runs, rows)
        stored = [source for source in group if source.part not in step_columns.PARTS]
        columns = read_columns(self._conn, self._wanted.scopes, runs, stored) if stored else {}
        for source in group:
            if source.part in step_columns.PARTS:
                columns[source] = step_columns.find_steps(self._conn, runs, source.key, source.part)
        for source, found in columns.items():
            column = self.columns[source]
            states, values = column.states.copy(), column.values.copy()
            states[rows] = NOTHING
            into = find_rows(found.runs)
            at = None if (hits := into >= 0).all() else np.flatnonzero(hits)
            into = into if at is None else into[at]
            states[into] = VALUE
            values[into] = _pick(column, found, at)
            self.columns[source] = replace(column, states=states, values=values)

    def cells(self, source: Source) -> Cells:
        """Return a column for the runs asked for."""
        column = self.columns[source]
        present = column.states[self._rows] == VALUE
        return Cells(present, column.values[self._rows], column.texts.all if column.texts else [])


def read_max_bytes() -> int:
    """Return how much memory columns may take, in bytes: HEADRACE_TABLE_CACHE_MIB, or 256 MiB.

    Raises:
        InvalidParameter: the variable holds no number of MiB.
    """
    given = os.environ.get(MAX_MIB_VARIABLE, "")
    if not given:
        return MAX_MIB * 2**20
    if not (given.isascii() and given.isdigit() and len(given) <= 9):  # noqa: PLR2004 - far more than any machine has
        raise InvalidParameter(
            f"{MAX_MIB_VARIABLE} is {given!r}; it must be a whole number of MiB, such as {MAX_MIB}, or 0 to keep nothing."
        )
    return int(given) * 2**20


def _make_finder(runs: Integers, rows: Rows) -> Callable[[Integers], Rows]:
    """Return a function that gives the rows of runs, -1 for those that were not asked for.

    Args:
        runs: what was asked for.
        rows: their rows.
    """
    base, span = int(runs.min()), int(runs.max() - runs.min()) + 1
    if span <= MAX_SPAN:  # a table is many times faster than a search
        table = np.full(span + 1, -1)
        table[runs - base] = rows
        # What is out of the range, on either side, falls on the last place of the table.
        return lambda found: table[np.minimum((found - base).view(np.uint64), span).astype(np.int64)]
    order = np.argsort(runs)
    runs, rows = runs[order], rows[order]

    def search(found: Integers) -> Rows:
        at = np.minimum(np.searchsorted(runs, found), len(runs) - 1)
        return np.where(runs[at] == found, rows[at], -1)

    return search


def _pick(column: _Column, found: Found, at: Rows | None) -> Integers:
    if column.texts is None:
        numbers = cast("Integers", found.values)
        return numbers if at is None else numbers[at]
    if isinstance(found.values, Coded):
        codes = found.values.codes if at is None else found.values.codes[at]
        used = np.unique(codes)
        known = np.zeros(len(found.values.texts), np.int64)
        known[used] = column.texts.encode([found.values.texts[code] for code in used.tolist()])
        return known[codes]
    texts: Any = found.values
    return column.texts.encode(texts if at is None else [texts[number] for number in at.tolist()])


def _is_bloated(column: _Column) -> bool:
    """Tell whether a column has many more texts than rows: those of a tag that changes all the time."""
    return column.texts is not None and len(column.texts.all) > 2 * len(column.states) + 1000
