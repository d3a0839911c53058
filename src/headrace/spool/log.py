"""The log of this process: segments that its threads append to and its sender reads. The file is the queue; there is no second one in memory.

A point is appended without any lock (`Member.hot`, see `headrace.spool.runlog`). All else, and the change from one segment to the next, goes through this module under one lock.
The sender never takes that lock: whoever holds it may be waiting for the sender to make room.

A forked child goes on under a writer's name and in a folder of its own, from its first append on.
"""

import itertools
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from headrace.api.ingest import AttemptRecord, StartRecord
from headrace.base.clock import now_ms
from headrace.base.errors import ClientError
from headrace.spool.contract import NO_CONTEXT, PointContext, SpoolSettings
from headrace.spool.folder import Folder, find_root
from headrace.spool.place import BEGINNING, Place
from headrace.spool.record import (
    HEAD,
    MAX_NUMBER,
    RUN,
    SERIES,
    SHAPE,
    SLOT,
    RunBody,
    SeriesBody,
    ShapeBody,
    encode_body,
    frame_record,
    frame_row,
    pack_point,
    pack_record,
    shape_row,
)
from headrace.spool.room import Room
from headrace.spool.segment import Segment, segment_path

Name = str | tuple[str, PointContext]
"""A series of a run: its key, or key and context if there is one."""
Hot = tuple[dict[Name, int], Callable[[bytes], object], dict[tuple[str, ...], Callable[..., bytes]]]
"""Of a run in a segment: the numbers of its series, what appends to the segment, and what packs rows, by their keys."""

MIN_SEGMENT = 4096
_SHARE = 4
_SPARE = 1024
_TRIES = 3
"""So many segments are tried for a row and its names; the first may be nearly full."""


def refuse(_: bytes) -> object:
    """Stand for the segment of a run that has none: what comes takes the long way."""
    raise ValueError("not open")


class Member:
    """A run that is written to this log: what the log has to know of it.

    Args:
        run_id: the run.
        start: its beginning, if it is begun here.
        attempt: the attempt that is written to.
        is_quiet: the attempt is named together with the start only.
    """

    __slots__ = ("attempt", "hot", "is_quiet", "number", "opened_in", "run_id", "segment", "start")

    def __init__(
        self, run_id: str, start: StartRecord | None, attempt: AttemptRecord | None, *, is_quiet: bool
    ) -> None:
        self.run_id, self.start, self.attempt, self.is_quiet = run_id, start, attempt, is_quiet
        self.hot: Hot = ({}, refuse, {})
        self.opened_in: object = None
        self.segment: Segment | None = None
        self.number = 0


class LiveLog:
    """The log. Nothing is written before the first append.

    All that appends may be interrupted at any line by a signal whose handler appends too, or raises.

    Args:
        uri: the destination's address.
        settings: limits and sizes.
        room: where space comes from.
        begun: called after a folder was made, with it; the lock is held.
    """

    def __init__(
        self, uri: str, settings: SpoolSettings, room: Room, begun: Callable[[Folder], None]
    ) -> None:
        self._uri, self._settings, self._room, self._begun = uri, settings, room, begun
        self.is_closed = False
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._current: Segment | None = None
        self._next: dict[int, Segment] = {}
        self._members: list[Member] = []
        self._sealed: dict[int, tuple[int, int]] = {}
        self._created: dict[int, int] = {}
        self._end = BEGINNING
        self.folder: Folder | None = None

    # What threads append.

    def open(self, member: Member) -> None:
        """Append that a run is opened."""
        with self._lock:
            member.opened_in = member.segment = None
            self._enter(member)

    def enter(self, member: Member) -> Place:
        """Let the log know a run, if it does not; return where it ends then."""
        with self._lock:
            self._enter(member)
            return self.tail()

    def append(self, member: Member, kind: int, body: object) -> None:
        """Append a record that is no point.

        Raises:
            InvalidParameter: the body is not what it should be.
            SpoolFull: there is no room.
            ClientError: the log is closed, or cannot be written.
        """
        data = encode_body(kind, body)
        with self._lock:
            while True:
                segment = self._enter(member)
                record = frame_record(kind, member.number, data)
                if self._write(segment, record):
                    return

    def append_point(self, member: Member, name: Name, value: float, step: int, time_ms: int) -> None:
        """Append a point of a series that is new in this segment, or of a full segment."""
        pack_point(0, step, time_ms, value)  # refuses what does not fit, before anything is written
        with self._lock:
            while True:
                segment, number = self._name_series(member, name)
                if self._write(segment, pack_point(number, step, time_ms, value)):
                    return

    def append_row(
        self, member: Member, keys: tuple[str, ...], values: Sequence[float], step: int, time_ms: int
    ) -> bool:
        """Append a row whose keys have no shape in this segment, or to a full segment.

        Args:
            member: the run.
            keys: of the metrics, each once.
            values: of each.
            step: of all.
            time_ms: Unix milliseconds.

        Returns:
            False if the names take so much of a segment that there was no room for the row, and it was not appended.
        """
        with self._lock:
            for _ in range(_TRIES):
                segment = self._enter(member)
                pack = member.hot[2].get(keys) or self._name_shape(member, segment, keys)
                if pack is not None and self._write(segment, frame_row(pack(step, time_ms, *values))):
                    return True
        return False

    def used_bytes(self) -> int:
        """Return the bytes of the segments that are there."""
        current = self._current
        return sum(size for _, size in list(self._sealed.values())) + (current.size if current else 0)

    def close(self) -> None:
        """Let nothing be appended from here on."""
        with self._lock:
            self.is_closed = True
            if self._current is not None:
                self._seal(self._current)
                self._current = None
            self._leave_segment()

    def forget(self) -> None:
        """Begin anew in a forked child: all of it belongs to the parent."""
        self._leave_segment()
        if self._current is not None:
            self._current.forget()
        self._reset()

    # What the sender reads.

    def tail(self) -> Place:
        """Return where the records end at this moment."""
        current = self._current
        return self._end if current is None else Place(current.number, current.tail())

    def find_end(self, number: int) -> int | None:
        """Return where the records of a segment end; None if it is still written, or not there."""
        held = self._sealed.get(number)
        return None if held is None else held[0]

    def next_number(self, number: int) -> int:
        """Return the number of the segment behind another one."""
        return number + 1

    def path_of(self, number: int) -> Path:
        """Return where a segment lies."""
        assert self.folder is not None
        return segment_path(self.folder.path, number)

    def created_ms(self, number: int) -> int:
        """Return when a segment was made, in Unix milliseconds; 0 if that is not known."""
        return self._created.get(number, 0)

    def drop_before(self, number: int) -> None:
        """Remove segments whose records have all been answered for."""
        for each in [held for held in list(self._sealed) if held < number]:
            self.path_of(each).unlink(missing_ok=True)
            self._sealed.pop(each, None)
            self._created.pop(each, None)
            self._next.pop(each, None)

    # Within the lock.

    def _write(self, segment: Segment, record: bytes) -> bool:
        """Append a record to a segment; tell whether there was room for it. If there was none, another segment is begun."""
        try:
            segment.write(record)
        except ValueError:
            self._rotate(segment, len(record))
            return False
        return True

    def _enter(self, member: Member) -> Segment:
        """Return the current segment, made if need be, in which the run has a number."""
        while True:
            segment = self._current or self._rotate(None, 0)
            if member.segment is segment and member.opened_in is self.folder:
                return segment
            number = next(segment.runs)
            if number > MAX_NUMBER:
                self._rotate(segment, 0)
                continue
            body = _describe(member, opens=member.opened_in is not self.folder)
            if self._write(segment, pack_record(RUN, number, body)):
                self._members.append(member)
                member.hot = ({}, segment.write, {})
                member.number, member.segment, member.opened_in = number, segment, self.folder
                return segment

    def _name_series(self, member: Member, name: Name) -> tuple[Segment, int]:
        """Return the current segment, and the number of a series in it."""
        while True:
            segment = self._enter(member)
            numbers = member.hot[0]
            known = numbers.get(name)
            if known is not None:
                return segment, known
            number = next(segment.series)
            if number > MAX_NUMBER:
                self._rotate(segment, 0)
                continue
            key, context = (name, NO_CONTEXT) if isinstance(name, str) else name
            body = SeriesBody(
                number=number,
                key=key,
                model_id=context.model_id,
                dataset_name=context.dataset_name,
                dataset_digest=context.dataset_digest,
            )
            if self._write(segment, pack_record(SERIES, member.number, body)):
                numbers[name] = number
                return segment, number

    def _name_shape(
        self, member: Member, segment: Segment, keys: tuple[str, ...]
    ) -> Callable[..., bytes] | None:
        """Return what packs rows of these keys in a segment; None if another segment was begun meanwhile."""
        numbers, _, rows = member.hot
        if any(self._name_series(member, key)[0] is not segment for key in keys):
            return None
        number = next(segment.shapes)
        if number > MAX_NUMBER:
            self._rotate(segment, 0)
            return None
        body = ShapeBody(number=number, series=[numbers[key] for key in keys])
        if not self._write(segment, pack_record(SHAPE, member.number, body)):
            return None
        pack = rows[keys] = shape_row(number, len(keys))
        return pack

    def _rotate(self, full: Segment | None, needed: int) -> Segment:
        """Begin another segment, unless somebody has.

        Args:
            full: the one that has no room.
            needed: bytes of the record that it is for.
        """
        if self.is_closed:
            raise ClientError("The spool is closed; nothing can be logged through it any more.")
        if self._current is not None and self._current is not full:
            return self._current
        folder = self.folder or self._begin()
        usual = max(MIN_SEGMENT, min(self._settings.segment_bytes, self._settings.max_bytes // _SHARE))
        size = max(usual, -(-(HEAD + needed + _SPARE) // SLOT) * SLOT)
        number = next(self._numbers)
        path = segment_path(folder.path, number)
        try:
            made = self._room.take(
                folder.path, size, lambda: Segment(path, number, size, folder.note.writer, now_ms())
            )
        except OSError as error:
            raise ClientError(
                f"The spool {str(folder.path)!r} cannot be written any more: {error}."
            ) from error
        # One step, which decides between this call and one of a signal's handler that has interrupted it.
        chosen = self._next.setdefault(full.number if full is not None else 0, made)
        if chosen is not made:
            made.forget()
            path.unlink(missing_ok=True)
        self._created[chosen.number] = chosen.created_ms
        if full is not None:
            self._seal(full)
        if self._current is full:
            self._current = chosen
            self._leave_segment()
        return chosen

    def _begin(self) -> Folder:
        """Make the folder of this writer."""
        root = find_root(self._settings.root)
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = self._room.take(root, 0, lambda: Folder.make(root, self._uri, uuid.uuid4().hex))
        except OSError as error:
            raise ClientError(
                f"The spool cannot be kept in {str(root)!r}: {error}. Set HEADRACE_SPOOL_DIR to a folder on a local disk that can be written."
            ) from error
        self.folder = folder
        self._begun(folder)
        return folder

    def _seal(self, segment: Segment) -> None:
        end = segment.seal()
        self._sealed[segment.number] = (end, segment.size)
        self._end = Place(segment.number, end)

    def _leave_segment(self) -> None:
        """Let all runs be named again in the next segment."""
        members, self._members = self._members, []
        for member in members:
            member.hot = ({}, refuse, {})
            member.segment = None


def _describe(member: Member, *, opens: bool) -> RunBody:
    body = RunBody(run_id=member.run_id, opens=opens, is_quiet=member.is_quiet)
    if member.start is not None:
        body.start = member.start
    if member.attempt is not None:
        body.attempt = member.attempt
    return body
