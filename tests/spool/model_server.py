"""A destination in plain Python that keeps everything it is told, as `headrace.api.ingest` promises it: numbered batches, each applied once. It can be made to fail."""

import struct
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from msgspec import UNSET

from headrace.api.ingest import (
    FORMAT,
    MAX_TOLD,
    Application,
    BlockAnswer,
    Ingest,
    IngestAnswer,
    Rejection,
    RunBlock,
    StopNote,
)
from headrace.base import msgpack
from headrace.base.errors import Conflict, HeadraceError, PayloadTooLarge, Unavailable

Point = tuple[str, int, int, bytes]
"""Metric, step, time, and the eight bytes of the value."""
BAD = "bad"
"""Params, tags and metrics of this name are refused."""


class Fault(Enum):
    """What can happen to a request."""

    NOT_HEARD = 1
    """It never arrives."""
    ANSWER_LOST = 2
    """It is applied, and the answer never arrives."""
    TWICE = 3
    """It arrives twice, and the second answer is the one that is seen."""


def bits(value: float) -> bytes:
    """The eight bytes of a value."""
    return struct.pack("<d", value)


@dataclass
class RunContent:
    """All that a run was told, in order, each time that it was told."""

    starts: int = 0
    attempts: list[str] = field(default_factory=list)
    params: list[tuple[str, str]] = field(default_factory=list)
    tags: list[tuple[str, str]] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    environments: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    contexts: list[tuple[str, str, str, str]] = field(default_factory=list)
    leases: list[int] = field(default_factory=list)
    stops_seen: int = 0
    files: dict[str, bytes] = field(default_factory=dict)

    def series(self, key: str) -> list[Point]:
        """The points of a metric, in the order in which they came."""
        return [point for point in self.points if point[0] == key]


@dataclass
class WriterState:
    """What is known of a writer."""

    seq: int = 0
    records: int = 0
    answer: IngestAnswer | None = None


class ModelServer:
    """Serves any number of destinations at once. Thread-safe."""

    def __init__(self) -> None:
        self.runs: dict[str, RunContent] = {}
        self.writers: dict[str, WriterState] = {}
        self.batches: list[Ingest] = []
        self.faults: deque[Fault] = deque()
        self.always: Fault | None = None
        self.down: HeadraceError | None = None
        self.down_batches: HeadraceError | None = None
        self.down_files: HeadraceError | None = None
        self.fail_paths: dict[str, HeadraceError] = {}
        self.max_records: int | None = None
        self.stop: StopNote | None = None
        self.calls = 0
        self.delay_s = 0.0
        """So long a batch takes."""
        self._lock = threading.RLock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Answer nothing for the time of the block."""
        with self._lock:
            yield

    def open(self) -> "ModelDestination":
        """Return a destination."""
        return ModelDestination(self)

    def send(self, request: Ingest) -> IngestAnswer:
        """Take a request as it comes over the wire."""
        time.sleep(self.delay_s)
        with self._lock:
            self.calls += 1
            if self.down is not None:
                raise self.down
            if self.down_batches is not None:
                raise self.down_batches
            fault = self.faults.popleft() if self.faults else self.always
            if fault is Fault.NOT_HEARD:
                raise Unavailable("not heard")
            answer = self._apply(request)
            if fault is Fault.TWICE:
                answer = self._apply(request)
            if fault is Fault.ANSWER_LOST:
                raise Unavailable("answer lost")
            return answer

    def upload(self, run_id: str, local: Path, artifact_path: str) -> None:
        """Take a file."""
        with self._lock:
            if self.down_files is not None:
                raise self.down_files
            if self.down is not None:
                raise self.down
            if artifact_path in self.fail_paths:
                raise self.fail_paths[artifact_path]
            self.runs[run_id].files[artifact_path] = local.read_bytes()

    def _apply(self, request: Ingest) -> IngestAnswer:
        sizes = [count_records(block) for block in request.runs]
        assert request.runs, "a batch names a run"
        if self.max_records is not None and sum(sizes) > self.max_records:
            raise PayloadTooLarge(f"{sum(sizes)} records are too many; at most {self.max_records} are taken.")
        writer = self.writers.setdefault(request.writer, WriterState())
        if request.seq < writer.seq:
            return IngestAnswer(seq=request.seq, last_seq=writer.seq, applied=Application.LONG_BEFORE)
        if request.seq == writer.seq:
            assert writer.answer is not None
            return msgpack.decode(msgpack.encode(_as_before(writer.answer)), IngestAnswer)
        if request.seq != writer.seq + 1:
            raise Conflict(f"The next batch is {writer.seq + 1}, but {request.seq} was sent.")
        answer = IngestAnswer(
            seq=request.seq,
            last_seq=request.seq,
            applied=Application.NOW,
            first=writer.records,
            records=sum(sizes),
        )
        self.batches.append(request)
        for block, size in zip(request.runs, sizes, strict=True):
            self._apply_block(block, size, answer)
        answer.stored = answer.records - sum(each.count for each in answer.rejected)
        del answer.rejected[MAX_TOLD:]
        writer.seq, writer.records, writer.answer = request.seq, writer.records + sum(sizes), answer
        return answer

    def _apply_block(self, block: RunBlock, size: int, answer: IngestAnswer) -> None:
        if block.start is UNSET and block.run_id not in self.runs:
            if size:
                answer.rejected.append(_reject(block.run_id, size, "all records", "There is no such run."))
            return
        run = self.runs.setdefault(block.run_id, RunContent())
        self._apply_pairs(block, run, answer)
        self._apply_rest(block, run)
        self._apply_points(block, run, answer)
        if block.status is not UNSET:
            run.statuses.append(block.status.status.value)
        if block.stop_seen:
            self.stop = None
        told = BlockAnswer(run_id=block.run_id, attempt=max(len(set(run.attempts)) - 1, 0), experiment_id="7")
        if self.stop is not None:
            told.stop = self.stop
        answer.runs.append(told)

    def _apply_pairs(self, block: RunBlock, run: RunContent, answer: IngestAnswer) -> None:
        for name, items, kept in (("param", block.params, run.params), ("tag", block.tags, run.tags)):
            for key, value in items:
                if key.startswith(BAD):
                    answer.rejected.append(_reject(block.run_id, 1, f"{name} {key!r}", "bad"))
                else:
                    kept.append((key, value))

    def _apply_rest(self, block: RunBlock, run: RunContent) -> None:
        run.starts += block.start is not UNSET
        if block.attempt is not UNSET:
            run.attempts.append(block.attempt.name)
        run.datasets += [each.dataset.name for each in block.datasets]
        run.models += [each.model_id for each in block.model_inputs]
        run.models += [f"{each.model_id}@{each.step}" for each in block.model_outputs]
        if block.environment is not UNSET:
            run.environments.append(block.environment.python)
        if block.lease_ms is not UNSET:
            run.leases.append(block.lease_ms)
        run.stops_seen += block.stop_seen

    def _apply_points(self, block: RunBlock, run: RunContent, answer: IngestAnswer) -> None:
        if block.metrics is UNSET:
            return
        columns = block.metrics
        count = sum(each.count for each in columns.series)
        times = struct.unpack(f"<{count}q", columns.time)
        steps = struct.unpack(f"<{count}q", columns.step)
        values = [columns.value[place : place + 8] for place in range(0, 8 * count, 8)]
        assert len(values) == count
        start = 0
        for each in columns.series:
            end = start + each.count
            if each.key.startswith(BAD):
                answer.rejected.append(_reject(block.run_id, each.count, f"metric {each.key!r}", "bad"))
            else:
                run.points += [
                    (each.key, steps[place], times[place], values[place]) for place in range(start, end)
                ]
                if each.model_id or each.dataset_name or each.dataset_digest:
                    context = (each.key, each.model_id, each.dataset_name, each.dataset_digest)
                    run.contexts += [context] * each.count
            start = end


class ModelDestination:
    """A destination of the model. What is sent goes through bytes, as over a wire."""

    uri = "http://model"

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self.is_closed = False

    def send(self, writer: str, seq: int, runs: Sequence[RunBlock]) -> IngestAnswer:
        request = Ingest(format=FORMAT, writer=writer, seq=seq, runs=list(runs))
        return self._server.send(msgpack.decode(msgpack.encode(request), Ingest))

    def upload(self, run_id: str, local: Path, artifact_path: str) -> None:
        self._server.upload(run_id, local, artifact_path)

    def close(self) -> None:
        self.is_closed = True


def count_records(block: RunBlock) -> int:
    """How many records a block has."""
    points = 0 if block.metrics is UNSET else sum(each.count for each in block.metrics.series)
    single = (block.start, block.attempt, block.environment, block.status)
    lists = (block.params, block.tags, block.datasets, block.model_inputs, block.model_outputs)
    return points + sum(each is not UNSET for each in single) + sum(len(each) for each in lists)


def _as_before(answer: IngestAnswer) -> IngestAnswer:
    again = msgpack.decode(msgpack.encode(answer), IngestAnswer)
    again.applied = Application.BEFORE
    return again


def _reject(run_id: str, count: int, what: str, reason: str) -> Rejection:
    return Rejection(record=0, count=count, run_id=run_id, what=what, reason=reason)
