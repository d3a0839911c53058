"""From a stretch of a log to the blocks of a batch: a pure function of the log, so that the same stretch gives the same batch.

Points are moved in pieces of a few thousand by calls that run in C and end soon, so that a training loop beside it hardly waits (`headrace.spool.columns`); numpy is
not loaded.
"""

import struct
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec import UNSET, Struct, UnsetType, field

from headrace.api.ingest import AttemptRecord, MetricColumns, MetricSeries, RunBlock, StartRecord
from headrace.spool.columns import Part, cut_columns, find_stretch
from headrace.spool.place import Place
from headrace.spool.record import (
    DATASETS,
    ENVIRONMENT,
    HEAD,
    MODEL_INPUTS,
    MODEL_OUTPUTS,
    PARAMS,
    POINT,
    ROW,
    RUN,
    SERIES,
    SHAPE,
    SLOT,
    TAGS,
    RunBody,
    SeriesBody,
    count_body,
    decode_body,
    read_other,
    slots_of,
)
from headrace.spool.segment import SegmentReader

PIECE = 4096 * SLOT
"""Bytes that are read and taken apart at a time."""
_BODY = 12
_TURN_S = 0.000_05
_UNBOUNDED = 2**62
_POINTS = struct.Struct("<4xI24s")
_LISTS = {
    PARAMS: "params",
    TAGS: "tags",
    DATASETS: "datasets",
    MODEL_INPUTS: "model_inputs",
    MODEL_OUTPUTS: "model_outputs",
}


class Log(Protocol):
    """What is read: a live log or one that was left."""

    def find_end(self, number: int) -> int | None:
        """Return where the records of a segment end that nobody writes any more."""

    def next_number(self, number: int) -> int:
        """Return the number of the segment behind another one."""

    def path_of(self, number: int) -> Path:
        """Return where a segment lies."""


class Limits(Struct, frozen=True):
    """How much a batch may hold.

    Args:
        points: of them.
        others: records that are no points.
        bytes: of the log, for records that are no points.
        blocks: of runs.
        series: of all runs.
        units: records of the log, of all kinds.
        records: records as the server counts, exactly.
    """

    points: int = 100_000
    others: int = 10_000
    bytes: int = 4 * 2**20
    blocks: int = 500
    series: int = 20_000
    units: int = _UNBOUNDED
    records: int = _UNBOUNDED


NO_LIMITS = Limits(*[_UNBOUNDED] * 7)


class Batch(Struct):
    """A batch.

    Args:
        blocks: what it says; none if the stretch holds nothing to be said.
        records: how many records it has, as the server counts.
        begin: where the stretch begins.
        end: where it ends.
        units: records of the log in it that say something.
    """

    blocks: list[RunBlock]
    records: int
    begin: Place
    end: Place
    units: int


class _Column:
    """The points of a series within a block, in pieces."""

    __slots__ = ("body", "count", "steps", "times", "values")

    def __init__(self, body: SeriesBody) -> None:
        self.body, self.count = body, 0
        self.times: list[bytes] = []
        self.steps: list[bytes] = []
        self.values: list[bytes] = []


class _Draft:
    """A block that is being filled."""

    __slots__ = ("block", "columns")

    def __init__(self, run: RunBody) -> None:
        self.block = RunBlock(run_id=run.run_id)
        self.columns: dict[tuple[str, str, str, str], _Column] = {}

    def finish(self) -> RunBlock:
        """Return the block with its columns."""
        columns = list(self.columns.values())
        if columns:
            self.block.metrics = MetricColumns(
                series=[
                    MetricSeries(
                        key=each.body.key,
                        count=each.count,
                        model_id=each.body.model_id,
                        dataset_name=each.body.dataset_name,
                        dataset_digest=each.body.dataset_digest,
                    )
                    for each in columns
                ],
                time=b"".join([piece for each in columns for piece in each.times]),
                step=b"".join([piece for each in columns for piece in each.steps]),
                value=b"".join([piece for each in columns for piece in each.values]),
            )
        return self.block


class Names(Struct):
    """The runs, series and shapes of rows that a segment has named, up to a place in it."""

    place: int = HEAD
    runs: dict[int, RunBody] = field(default_factory=dict)
    series: dict[int, tuple[int, SeriesBody]] = field(default_factory=dict)
    shapes: dict[int, list[int]] = field(default_factory=dict)

    def learn(self, kind: int, run: int, body: Any) -> None:
        """Take notice of a record."""
        if kind == RUN:
            self.runs[run] = body
        elif kind == SERIES:
            self.series[body.number] = (run, body)
        elif kind == SHAPE:
            self.shapes[body.number] = body.series


class BatchBuilder:
    """Builds the batches of a log. For one thread at a time.

    Args:
        log: what is read.
        polite: whether to let other threads run now and then.
    """

    def __init__(self, log: Log, *, polite: bool = True) -> None:
        self._log, self._polite = log, polite
        self._names: tuple[int, Names] = (0, Names())
        self.restated: set[str] | None = None
        """Runs that were told of under the writer's present name, if it is not its first one: of all others, start and attempt are told again."""

    def build(self, begin: Place, stop: Place, limits: Limits) -> Batch:
        """Return the batch that begins at a place.

        Args:
            begin: where.
            stop: where it ends at the latest, at a record's end.
            limits: it ends where one of them is reached; but one record is always taken.

        Raises:
            OSError: the log cannot be read.
        """
        filling = _Filling(limits, self.restated)
        place = begin
        while place < stop and not filling.is_full:
            is_last = place.segment == stop.segment
            end = self._log.find_end(place.segment)
            if is_last:
                end = stop.offset if end is None else min(end, stop.offset)
            elif end is None:  # before the first segment
                end = 0
            if place.offset < end:
                place = self._fill_from(filling, place, end)
            elif is_last:
                break
            else:
                place = min(Place(self._log.next_number(place.segment), HEAD), stop)
        return filling.finish(begin, max(begin, place))

    def _fill_from(self, filling: "_Filling", place: Place, end: int) -> Place:
        """Take records of one segment; return where the rest begins."""
        names = self._names_at(place)
        reader = SegmentReader(self._log.path_of(place.segment))
        offset = place.offset
        try:
            for kind, start, data, parts in _walk(reader, offset, end):
                if parts:
                    offset = start + filling.add_points(names, data, parts)
                    if offset < start + parts[-1].end:
                        break
                else:
                    _, run, length = read_other(data, 0)
                    body = decode_body(kind, data[_BODY : _BODY + length])
                    if not filling.add_other(names, kind, run, body, len(data)):
                        break
                    names.learn(kind, run, body)
                    offset = start + len(data)
                names.place = offset
                if filling.is_full:
                    break
                if self._polite and parts:
                    time.sleep(_TURN_S)
        finally:
            reader.close()
        return Place(place.segment, offset)

    def _names_at(self, place: Place) -> Names:
        """Return the names that hold at a place."""
        number, names = self._names
        if number != place.segment or names.place > place.offset:
            names = Names()
            self._names = (place.segment, names)
        if names.place < place.offset:
            reader = SegmentReader(self._log.path_of(place.segment))
            try:
                for kind, _, data, _ in _walk(reader, names.place, place.offset):
                    if kind in {RUN, SERIES, SHAPE}:
                        _, run, length = read_other(data, 0)
                        names.learn(kind, run, decode_body(kind, data[_BODY : _BODY + length]))
            finally:
                reader.close()
            names.place = place.offset
        return names


def _walk(reader: SegmentReader, offset: int, end: int) -> Iterator[tuple[int, int, bytes, list[Part]]]:
    """Yield what stands between two places: (POINT, where the data begins, data, the parts of a stretch in it), or (kind, place, one record, nothing)."""
    while offset < end:
        data = reader.read(offset, min(PIECE, end - offset))
        place = 0
        while place + SLOT <= len(data):
            parts = find_stretch(data, place)
            if parts:
                yield POINT, offset, data, parts
                place = parts[-1].end
                continue
            kind, _, length = read_other(data, place)
            size = slots_of(length)
            if place + size > len(data):
                if place:
                    break
                data = reader.read(offset, size)
                if kind == ROW:
                    continue
            yield kind, offset + place, data[place : place + size], []
            place += size
        if not place:
            raise OSError(f"a segment ends at byte {offset}, before its records do")
        offset += place


def _count_units(part: Part) -> int:
    """Return how many records of the log a part is: each of its points, or one row."""
    return part.points if part.shape < 0 else 1


class _Filling:
    """A batch that is being filled."""

    def __init__(self, limits: Limits, restated: Collection[str] | None) -> None:
        self._limits, self._restated = limits, restated
        self._blocks: list[_Draft] = []
        self._drafts: dict[str, _Draft] = {}
        self._series = self._points = self._others = self._bytes = 0
        self._records = self._units = 0
        self.is_full = False

    def add_points(self, names: Names, data: bytes, parts: Sequence[Part]) -> int:
        """Take points and rows as far as there is room.

        Args:
            names: what the segment has named.
            data: what the parts are of.
            parts: the parts of a stretch.

        Returns:
            where in the data the rest begins.
        """
        points, units = sum(part.points for part in parts), sum(map(_count_units, parts))
        limits, end = self._limits, parts[0].start
        if (
            self._points + points > limits.points
            or self._units + units > limits.units
            or limits.records < _UNBOUNDED
        ):
            parts = self._cut(names, data, parts)
            points, units = sum(part.points for part in parts), sum(map(_count_units, parts))
        for number, length, times, steps, values in cut_columns(data, parts, names.shapes):
            run, body = names.series[number]
            column = self._find_column(names.runs[run], body)
            column.count += length
            column.times.append(times)
            column.steps.append(steps)
            column.values.append(values)
        self._points += points
        self._units += units
        self._records += points
        self._look()
        return parts[-1].end if parts else end

    def add_other(self, names: Names, kind: int, run: int, body: Any, size: int) -> bool:
        """Take a record that is no point; tell whether there was room for it."""
        if kind in {SERIES, SHAPE} or (kind == RUN and not body.opens):
            return True
        count = count_body(kind, body)
        more = 0 if kind == RUN else self._measure_new(names.runs[run])
        if self._units and self._records + count + more > self._limits.records:
            self.is_full = True
            return False
        if kind == RUN:
            block = self._begin(body).block
            block.start, block.attempt = body.start, body.attempt
        else:
            self._add(names.runs[run], kind, body)
        self._records += count
        self._others += max(count, 1)
        self._bytes += size
        self._units += 1
        self._look()
        return True

    def finish(self, begin: Place, end: Place) -> Batch:
        """Return the batch."""
        blocks = [each.finish() for each in self._blocks]
        return Batch(blocks, self._records, begin, end, self._units)

    def _look(self) -> None:
        limits = self._limits
        self.is_full = self.is_full or (
            self._points >= limits.points
            or self._others >= limits.others
            or self._bytes >= limits.bytes
            or len(self._blocks) >= limits.blocks
            or self._series >= limits.series
            or self._units >= limits.units
            or self._records >= limits.records
        )

    def _cut(self, names: Names, data: bytes, parts: Sequence[Part]) -> list[Part]:
        """Return what there is room for, by points, units, and records with those of the blocks that they begin. One record is always taken."""
        points, units = self._limits.points - self._points, self._limits.units - self._units
        records, fresh = self._limits.records - self._records, set[str]()
        kept: list[Part] = []
        for part in parts:
            least = 0 if self._units or kept else 1
            if part.shape >= 0:
                new = self._measure_fresh(names, names.shapes[part.shape][0], fresh)
                fits = least or (units > 0 and part.points <= points and new + part.points <= records)
                taken = part.points if fits else 0
            else:
                taken, new = min(part.points, points, units), 0
                if self._limits.records < _UNBOUNDED:
                    taken, new = self._fit(
                        names, data[part.start : part.start + taken * SLOT], records, fresh
                    )
                taken = max(taken, least)
            if taken:
                end = part.end if taken == part.points else part.start + taken * SLOT
                kept.append(Part(part.start, end, taken, part.shape))
            points, units, records = points - taken, units - _count_units(part), records - taken - new
            if taken < part.points:
                self.is_full = True
                break
        return kept

    def _fit(self, names: Names, data: bytes, room: int, fresh: set[str]) -> tuple[int, int]:
        """Return how many points there is room for by their number as records, and how many records the blocks have that they begin."""
        count = new = 0
        for number, _ in _POINTS.iter_unpack(data):
            more = self._measure_fresh(names, number, fresh)
            if count + new + more >= room:
                break
            count, new = count + 1, new + more
        return count, new

    def _measure_fresh(self, names: Names, series: int, fresh: set[str]) -> int:
        """Return how many records a block for a series' run has before anything is put into it, if it is one of which that was not asked before."""
        run = names.runs[names.series[series][0]]
        if run.run_id in fresh:
            return 0
        fresh.add(run.run_id)
        return self._measure_new(run)

    def _measure_new(self, run: RunBody) -> int:
        """Return how many records a block for a run has before anything is put into it; 0 if there is one."""
        if run.run_id in self._drafts:
            return 0
        start, attempt = self._introduce(run)
        forks = start is not UNSET and start.fork is not UNSET
        return (start is not UNSET) + forks + (attempt is not UNSET)

    def _introduce(self, run: RunBody) -> tuple[StartRecord | UnsetType, AttemptRecord | UnsetType]:
        """Return what a block for a run that was opened before begins with."""
        is_strange = (
            self._restated is not None and run.run_id not in self._restated and run.run_id not in self._drafts
        )
        start = run.start if is_strange else UNSET
        return start, UNSET if run.is_quiet and start is UNSET else run.attempt

    def _begin(self, run: RunBody) -> _Draft:
        draft = self._drafts[run.run_id] = _Draft(run)
        self._blocks.append(draft)
        return draft

    def _find_draft(self, run: RunBody) -> _Draft:
        """Return the block for more of a run."""
        draft = self._drafts.get(run.run_id)
        return self._continue(run) if draft is None else draft

    def _continue(self, run: RunBody) -> _Draft:
        """Begin a block, the first one or a further one, for more of a run."""
        start, attempt = self._introduce(run)
        draft = self._begin(run)
        draft.block.start, draft.block.attempt = start, attempt
        self._records += count_body(RUN, RunBody(run_id="", opens=True, start=start, attempt=attempt))
        return draft

    def _find_column(self, run: RunBody, body: SeriesBody) -> _Column:
        draft = self._find_draft(run)
        identity = (body.key, body.model_id, body.dataset_name, body.dataset_digest)
        column = draft.columns.get(identity)
        if column is None:
            column = draft.columns[identity] = _Column(body)
            self._series += 1
        return column

    def _add(self, run: RunBody, kind: int, body: Any) -> None:
        block = self._find_draft(run).block
        if kind in _LISTS:
            getattr(block, _LISTS[kind]).extend(body)
        elif kind == ENVIRONMENT:
            if block.environment is not UNSET:
                block = self._continue(run).block
            block.environment = body
        else:
            if block.status is not UNSET:
                block = self._continue(run).block
            block.status = body
