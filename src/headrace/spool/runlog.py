"""What a run logs: the calls that append to the log, and what the destination has said of the run.

`RunLog.log_point` is the hot path: a lookup, two calls that pack, one that stores. It takes no lock; that the dictionary and the segment belong together is what the tuple `hot`
is for, which is replaced as a whole.
"""

import struct
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from headrace.api.ingest import (
    MAX_LEASE_MS,
    AttemptRecord,
    BlockAnswer,
    EnvironmentRecord,
    Rejection,
    StartRecord,
    StatusRecord,
    StopNote,
)
from headrace.api.inputs import DatasetInput, ModelInput, ModelOutput
from headrace.api.runs import RunStatus
from headrace.base.errors import InvalidParameter
from headrace.spool.contract import NO_CONTEXT, Counts, PointContext
from headrace.spool.log import LiveLog, Member
from headrace.spool.record import (
    DATASETS,
    ENVIRONMENT,
    MODEL_INPUTS,
    MODEL_OUTPUTS,
    PARAMS,
    STATUS,
    TAGS,
    crc32,
    pack_point,
    pack_point_body,
)

Item = TypeVar("Item")

FIRST_ATTEMPT: Final = "1"
"""Name of the attempt of a run that was started without naming one: it lets a process that has inherited the run say that it is the same start."""
MAX_KEPT = 1000
"""Rejections that are kept until somebody takes them."""
_AT_ONCE = 100
_TOLERATED = (struct.error, TypeError, OverflowError, ValueError)
UNUSUAL = (*_TOLERATED, KeyError)
"""What the short way of a call that logs may raise, having done nothing: a name or a shape is new, the segment is full, or a value does not fit."""


class Home(Protocol):
    """What a run log needs of its spool."""

    @property
    def counts(self) -> Counts:
        """What became of the records of this process."""

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything is stored."""

    def add_file(self, log: "RunLog", source: Path | bytes, artifact_path: str, *, move: bool) -> None:
        """Take a file."""

    def watch(self, log: "RunLog") -> None:
        """Look at the log's lease and acknowledgement from now on."""


class RunLog(Member):
    """The log of a run in this process. Any number of threads may use it. Made by `Spool.open_run`.

    Args:
        home: the spool.
        log: where records go.
        run_id: the run.
        start: its beginning, if it is begun here.
        attempt: the attempt that is written to.
        lease_ms: so soon the destination hears of the run again, or it counts as lost; None for no such promise.
    """

    __slots__ = (
        "__weakref__",
        "_home",
        "_log",
        "_rejections",
        "_untold",
        "attempt_number",
        "experiment_id",
        "is_known",
        "lease_ms",
        "renew_at_s",
        "stop",
        "stop_seen",
    )

    def __init__(
        self,
        home: Home,
        log: LiveLog,
        run_id: str,
        start: StartRecord | None,
        attempt: AttemptRecord | None,
        lease_ms: int | None,
    ) -> None:
        is_quiet = attempt is None
        if start is not None and attempt is None:
            attempt = AttemptRecord(name=FIRST_ATTEMPT)
        super().__init__(run_id, start, attempt, is_quiet=is_quiet)
        self._home, self._log = home, log
        self._rejections: deque[Rejection] = deque()
        self._untold = 0
        self.experiment_id: str | None = None
        """The id of its experiment, once the destination has told."""
        self.attempt_number: int | None = None
        """The number of the attempt that is written to, once the destination has told."""
        self.stop: StopNote | None = None
        """A request to stop that has not been acknowledged."""
        self.lease_ms = lease_ms
        self.is_known = self.stop_seen = False
        self.renew_at_s = 0.0

    def log_point(
        self, key: str, value: float, step: int, time_ms: int, context: PointContext = NO_CONTEXT
    ) -> None:
        """Log a point of a metric.

        Args:
            key: the metric.
            value: any number, NaN and infinities too.
            step: 64 bits.
            time_ms: Unix milliseconds.
            context: what it was measured on.

        Raises:
            InvalidParameter: a value is no number, or does not fit.
            SpoolFull: there is no room on the disk.
        """
        numbers, write, _ = self.hot
        try:
            body = pack_point_body(
                numbers[key if context is NO_CONTEXT else (key, context)], step, time_ms, value
            )
            write(crc32(body).to_bytes(4, "little") + body)
        except UNUSUAL:
            self._log_slowly(key, value, step, time_ms, context)

    def log_points(
        self, points: Iterable[tuple[str, float, int]], time_ms: int, context: PointContext = NO_CONTEXT
    ) -> None:
        """Log points of the same moment.

        Args:
            points: metric, value, step of each.
            time_ms: Unix milliseconds.
            context: what they were measured on.

        Raises:
            InvalidParameter: a value is no number, or does not fit; nothing was logged then.
            SpoolFull: there is no room on the disk; perhaps some were logged.
        """
        rows = list(points)
        numbers, write, _ = self.hot
        logged = 0
        try:
            if context is NO_CONTEXT:
                packed = [pack_point(numbers[key], step, time_ms, value) for key, value, step in rows]
            else:
                packed = [
                    pack_point(numbers[key, context], step, time_ms, value) for key, value, step in rows
                ]
            while logged < len(rows):
                write(b"".join(packed[logged : logged + _AT_ONCE]))
                logged += _AT_ONCE
        except UNUSUAL:
            for key, value, step in rows[logged:]:
                _check_point(key, value, step, time_ms)
            for key, value, step in rows[logged:]:
                self._log_slowly(key, value, step, time_ms, context)

    def log_row(self, values: Mapping[str, float], step: int, time_ms: int) -> None:
        """Log one point each of several metrics, of the same step and moment, in one record; see `log_points`.

        Raises:
            InvalidParameter: a value is no number, or does not fit; nothing was logged then.
            SpoolFull: there is no room on the disk; nothing was logged, but perhaps some of more than 100 values.
        """
        _, write, rows = self.hot
        try:
            # A loop that trains has emptied the processor's caches: each call that is spared counts.
            body = rows[tuple(values)](step, time_ms, *values.values())
            write(crc32(body).to_bytes(4, "little") + body)
        except UNUSUAL:
            self._log_row_slowly(list(values.items()), step, time_ms)

    def log_params(self, params: Sequence[tuple[str, str]]) -> None:
        """Log params, pairs of key and value.

        Raises:
            InvalidParameter: what is no text, or not valid Unicode; nothing was logged then.
            SpoolFull: there is no room on the disk.
        """
        self._log_list(PARAMS, params)

    def set_tags(self, tags: Sequence[tuple[str, str]]) -> None:
        """Set tags, pairs of key and value. Raises as `log_params`."""
        self._log_list(TAGS, tags)

    def log_inputs(self, datasets: Sequence[DatasetInput] = (), models: Sequence[ModelInput] = ()) -> None:
        """Note what the run uses. Raises as `log_params`."""
        self._log_list(DATASETS, datasets)
        self._log_list(MODEL_INPUTS, models)

    def log_outputs(self, models: Sequence[ModelOutput]) -> None:
        """Note models that the run has made. Raises as `log_params`."""
        self._log_list(MODEL_OUTPUTS, models)

    def log_environment(self, environment: EnvironmentRecord) -> None:
        """Note the environment of the attempt. Raises as `log_params`."""
        self._log.append(self, ENVIRONMENT, environment)

    def set_status(self, status: RunStatus, end_time: int | None = None) -> None:
        """Say what the run is doing; one that has ended needs no lease any more.

        Args:
            status: what.
            end_time: when it ended, in Unix milliseconds; the destination's time if it is not given.
        """
        record = StatusRecord(status=status)
        if end_time is not None:
            record.end_time = end_time
        self._log.append(self, STATUS, record)
        if status not in {RunStatus.RUNNING, RunStatus.SCHEDULED}:
            self.lease_ms = None

    def set_lease(self, lease_ms: int | None) -> None:
        """Promise that the run is heard of again so soon; None for no promise.

        Raises:
            InvalidParameter: it is longer than a week, or not positive.
        """
        check_lease(lease_ms)
        self.lease_ms, self.renew_at_s = lease_ms, 0.0
        self._home.watch(self)

    def acknowledge_stop(self) -> None:
        """Say that the request to stop has been seen; the next batch carries it."""
        self.stop, self.stop_seen = None, True
        self._home.watch(self)

    def add_file(self, local: Path, artifact_path: str, *, move: bool = False) -> None:
        """Add a file to the run: it is in the spool when this returns, and is uploaded in the background.

        Args:
            local: the file.
            artifact_path: its full path in the run.
            move: take the file instead of copying it.

        Raises:
            InvalidParameter: there is no such file.
            SpoolFull: there is no room on the disk; nothing was taken.
        """
        self._home.add_file(self, local, artifact_path, move=move)

    def add_bytes(self, data: bytes, artifact_path: str) -> None:
        """Add a file with this content to the run; see `add_file`."""
        self._home.add_file(self, data, artifact_path, move=False)

    def take_rejections(self) -> list[Rejection]:
        """Return what was refused since the last call: at most the first 1,000, and one more that says how many others there are."""
        taken = []
        while self._rejections:  # the sender may append meanwhile
            taken.append(self._rejections.popleft())
        untold, self._untold = self._untold, 0
        if untold:
            taken.append(
                Rejection(
                    record=-1,
                    count=untold,
                    run_id=self.run_id,
                    what="further records",
                    reason="They are too many to be told here; the run's ledger has them all.",
                )
            )
        return taken

    @property
    def counts(self) -> Counts:
        """What became of the records of this process, of all its runs. Of one run the destination's ledger tells."""
        return self._home.counts

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything that was logged before is stored or refused; see `Spool.flush`."""
        return self._home.flush(timeout_s)

    def take_block(self, answer: BlockAnswer) -> None:
        """Take notice of what the destination says of the run."""
        self.is_known = True
        self.experiment_id, self.attempt_number = answer.experiment_id, answer.attempt
        if not self.stop_seen:
            self.stop = answer.stop or None

    def add_rejection(self, rejection: Rejection) -> None:
        """Keep a rejection until somebody takes it."""
        if len(self._rejections) < MAX_KEPT:
            self._rejections.append(rejection)
        else:
            self._untold += rejection.count

    def _log_slowly(self, key: str, value: float, step: int, time_ms: int, context: PointContext) -> None:
        _check_point(key, value, step, time_ms)
        name = key if context == NO_CONTEXT else (key, context)
        self._log.append_point(self, name, value, step, time_ms)

    def _log_row_slowly(self, items: Sequence[tuple[str, float]], step: int, time_ms: int) -> None:
        if 1 < len(items) <= _AT_ONCE:  # a single point takes less room than a row of one
            for key, value in items:
                _check_point(key, value, step, time_ms)
            keys, values = zip(*items, strict=True)
            if self._log.append_row(self, keys, values, step, time_ms):
                return
        self.log_points([(key, value, step) for key, value in items], time_ms)

    def _log_list(self, kind: int, items: Sequence[Any]) -> None:
        for first in range(0, len(items), _AT_ONCE):
            self._log.append(self, kind, list(items[first : first + _AT_ONCE]))


def check_lease(lease_ms: int | None) -> None:
    """Refuse a lease that no destination grants.

    Raises:
        InvalidParameter: it is longer than a week, or not positive.
    """
    if lease_ms is not None and not 1 <= lease_ms <= MAX_LEASE_MS:
        raise InvalidParameter(f"Invalid lease of {lease_ms} ms: it lies between 1 and {MAX_LEASE_MS}.")


def _check_point(key: object, value: float, step: int, time_ms: int) -> None:
    """Refuse what cannot be logged.

    Raises:
        InvalidParameter: the key is no text, or a number does not fit.
    """
    if not isinstance(key, str):
        raise InvalidParameter(f"Invalid key {key!r} of a metric: it is text.")
    try:
        pack_point_body(0, step, time_ms, value)
    except _TOLERATED:
        raise InvalidParameter(
            f"The metric {key!r} cannot be logged with value {value!r}, step {step!r} and time {time_ms!r}: the value is a number, step and time "
            "are integers of 64 bits."
        ) from None
