"""The spool against a model in plain Python: processes log, are killed at any byte, others take over; requests are lost, answered twice, come late. Each record arrives once.

No threads here: what they do to each other is a matter of order, and the order is drawn.
"""

import contextlib
import itertools
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from headrace.api.ingest import RunBlock, StartRecord
from headrace.base.errors import Unavailable
from headrace.spool.batches import Limits
from headrace.spool.contract import NO_CONTEXT, Counts, PointContext, SpoolSettings
from headrace.spool.delivery import Delivery
from headrace.spool.folder import Folder
from headrace.spool.log import LiveLog
from headrace.spool.place import Place
from headrace.spool.record import HEAD, frame_row, pack_point, shape_row
from headrace.spool.recover import CountingHearer, LeftLog
from headrace.spool.room import Room
from headrace.spool.runlog import RunLog
from headrace.spool.segment import list_segments, segment_path
from spool.model_server import Fault, ModelServer, bits

RUNS = ("run-1", "run-2", "run-3")
KEYS = ("loss", "acc", "lr")
CONTEXT = PointContext("m-1", "data", "digest")
_faults = st.sampled_from([None, None, None, *Fault])
_runs = st.sampled_from(RUNS)


class NoHome:
    """Stands where a spool with its threads would."""

    counts = Counts()

    def flush(self, timeout_s: float | None = None) -> bool:
        raise AssertionError(timeout_s)

    def add_file(self, *_: object, **__: object) -> None:
        raise AssertionError

    def watch(self, log: RunLog) -> None:
        """Nobody looks."""


@dataclass
class Logged:
    """A record, and where its log ended after the call that logged it, perhaps with others."""

    writer: str
    end: Place
    run_id: str
    what: tuple[object, ...]
    is_shared: bool


class SpoolMachine(RuleBasedStateMachine):
    """One process that logs at a time, and what earlier ones have left."""

    def __init__(self) -> None:
        super().__init__()
        self.exits = contextlib.ExitStack()
        self.root = Path(self.exits.enter_context(tempfile.TemporaryDirectory()))
        self.server = ModelServer()
        self.count = 0
        self.logged: list[Logged] = []
        self.in_context: dict[PointContext, set[tuple[str, str, int]]] = {NO_CONTEXT: set(), CONTEXT: set()}
        self.maybe: set[tuple[object, ...]] = set()
        self.left: list[Path] = []
        self.kills = 0
        self.open: Delivery | None = None
        self._begin()

    def teardown(self) -> None:
        while self._send(self._sender(), self.log, None):
            pass
        self._sender().close()
        for path in list(self.left):
            self._drain(path, None)
        self._check()
        self.log.forget()
        self.exits.close()

    # What happens.

    @rule(
        run=_runs,
        key=st.sampled_from(KEYS),
        count=st.sampled_from([1, 1, 3, 40]),
        context=st.sampled_from([NO_CONTEXT, NO_CONTEXT, CONTEXT]),
    )
    def log_points(self, run: str, key: str, count: int, context: PointContext) -> None:
        """Points are logged, as many as fill a segment at times."""
        for _ in range(count):
            self.count += 1
            self.run(run).log_point(key, self.count / 8, self.count, 1000 + self.count, context)
            self.in_context[context].add((run, key, self.count))
            self._note(run, "point", key, self.count, 1000 + self.count, bits(self.count / 8))

    @rule(run=_runs, keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=5))
    def log_points_of_a_step(self, run: str, keys: list[str]) -> None:
        """Points are logged in one call."""
        rows = []
        for key in keys:
            self.count += 1
            rows.append((key, self.count / 8, self.count))
        self.run(run).log_points(rows, 7)
        for key, value, step in rows:
            self.in_context[NO_CONTEXT].add((run, key, step))
            self._note(run, "point", key, step, 7, bits(value), is_shared=True)

    @rule(
        run=_runs,
        keys=st.lists(st.sampled_from(KEYS), min_size=1, unique=True),
        count=st.sampled_from([1, 3, 20]),
    )
    def log_rows(self, run: str, keys: list[str], count: int) -> None:
        """Points of one step are logged as a row, as many as fill a segment at times."""
        for _ in range(count):
            self.count += 1
            self.run(run).log_row(dict.fromkeys(keys, self.count / 8), self.count, 1000 + self.count)
            for key in keys:
                self.in_context[NO_CONTEXT].add((run, key, self.count))
                self._note(run, "point", key, self.count, 1000 + self.count, bits(self.count / 8))

    @rule(run=_runs, size=st.sampled_from([1, 1, 500, 9000]))
    def log_params(self, run: str, size: int) -> None:
        """A param is logged, one larger than a segment at times."""
        self.count += 1
        self.run(run).log_params([(f"p{self.count}", "x" * size)])
        self._note(run, "param", f"p{self.count}", "x" * size)

    @rule(run=_runs, count=st.integers(1, 3))
    def set_tags(self, run: str, count: int) -> None:
        """Tags are set."""
        self.count += 1
        pairs = [(f"t{self.count}", str(each)) for each in range(count)]
        self.run(run).set_tags(pairs)
        for pair in pairs:
            self._note(run, "tag", *pair)

    @rule(fault=_faults)
    def send(self, fault: Fault | None) -> None:
        """The sender sends a batch; something happens to it."""
        self._send(self._sender(), self.log, fault)

    @precondition(lambda self: self.server.batches)
    @rule(data=st.data())
    def come_late(self, data: st.DataObject) -> None:
        """A request that was sent long ago comes again."""
        self.server.faults.clear()
        self.server.send(data.draw(st.sampled_from(self.server.batches)))

    @rule(data=st.data(), scattered=st.booleans())
    def kill(self, data: st.DataObject, scattered: bool) -> None:
        """The process is killed while it stores a record, of which some bytes are there; another process begins."""
        self._kill()
        path = self.left[-1]
        number = list_segments(path)[-1]
        body = bytearray(segment_path(path, number).read_bytes())
        end = LeftLog(path).tail().offset
        record = data.draw(
            st.sampled_from(
                [pack_point(0, 0, 0, 0.125), frame_row(shape_row(0, 4)(0, 0, 0.125, 0.25, 0.5, -0.5))]
            )
        )
        torn = data.draw(st.integers(0, len(record) - 1))
        piece = record[:torn] + bytes(len(record) - torn)
        if scattered:
            piece = bytes(len(record) - torn) + record[len(record) - torn :]
        body[end : end + len(piece)] = piece
        segment_path(path, number).write_bytes(body)
        self._begin()

    @rule(data=st.data())
    def lose_power(self, data: st.DataObject) -> None:
        """The machine loses power: of what was not on the disk yet, nothing is left."""
        tail = self.log.tail()
        assert self.log.folder is not None
        writer = self.log.folder.note.writer
        self._kill()
        path = self.left[-1]
        number = list_segments(path)[-1]
        cut = data.draw(st.integers(HEAD, max(tail.offset, HEAD)))
        body = segment_path(path, number).read_bytes()
        segment_path(path, number).write_bytes(body[:cut] + bytes(len(body) - cut))
        end = LeftLog(path).tail()
        arrived = set(self._arrived())
        kept = [
            each
            for each in self.logged
            if each.writer != writer or each.end <= end or (each.run_id, *each.what) in arrived
        ]
        # Of what one call has logged, the first records may be there and the others not.
        self.maybe |= {
            (each.run_id, *each.what) for each in self.logged if each.is_shared and each not in kept
        }
        self.logged = kept
        self._begin()

    @precondition(lambda self: self.left)
    @rule(data=st.data(), faults=st.lists(_faults, max_size=4))
    def take_over(self, data: st.DataObject, faults: list[Fault | None]) -> None:
        """A process sends what another one has left; it is killed itself when the list of what happens is at its end."""
        self._drain(data.draw(st.sampled_from(self.left)), [*faults, Fault.NOT_HEARD])

    # How it is done.

    def run(self, run_id: str) -> RunLog:
        """The log of a run in this process, opened when it is first used."""
        if run_id not in self.runs:
            opened = RunLog(
                NoHome(), self.log, run_id, StartRecord(experiment_name="e", run_name="n"), None, None
            )
            self.log.open(opened)
            self.runs[run_id] = opened
        return self.runs[run_id]

    def _begin(self) -> None:
        settings_ = SpoolSettings(root=self.root / "root", reserve_bytes=0, segment_bytes=4096)
        room = Room(settings_, lambda: 0, lambda: 0, lambda: None)
        self.log = LiveLog("http://model", settings_, room, lambda _: None)
        self.runs: dict[str, RunLog] = {}
        self.run(RUNS[0])

    def _note(self, run_id: str, *what: object, is_shared: bool = False) -> None:
        assert self.log.folder is not None
        self.logged.append(Logged(self.log.folder.note.writer, self.log.tail(), run_id, what, is_shared))

    def _kill(self) -> None:
        """End the process: all that is left is what is in its folder, and its lock is free."""
        folder = self.log.folder
        assert folder is not None
        self.kills += 1
        copy = self.root / f"left-{self.kills}"
        shutil.copytree(folder.path, copy)
        if self.open is not None:
            self.open.close()
            self.open = None
        self.log.forget()
        folder.remove()
        self.left.append(copy)

    def _sender(self) -> Delivery:
        if self.open is None:
            assert self.log.folder is not None
            limits = Limits(points=50, others=5)
            self.open = Delivery(self.log.folder, self.log, CountingHearer(), limits, polite=False)
        return self.open

    def _send(self, delivery: Delivery, log: LiveLog | LeftLog, fault: Fault | None) -> bool:
        """Send one batch; tell whether there was anything to send."""
        if not (delivery.is_under_way or delivery.place < log.tail()):
            return False
        self.server.faults.clear()
        if fault is not None:
            self.server.faults.append(fault)
        with contextlib.suppress(Unavailable):
            delivery.send_next(self.server.open(), log.tail(), _nothing)
        return True

    def _drain(self, path: Path, faults: list[Fault | None] | None) -> None:
        folder = Folder.find(path)
        assert folder is not None
        log = LeftLog(path)
        delivery = Delivery(folder, log, CountingHearer(), Limits(points=30, others=4), polite=False)
        happenings = iter(faults) if faults is not None else itertools.repeat(None)
        try:
            is_done = any(not self._send(delivery, log, fault) for fault in happenings)
        finally:
            delivery.close()
            folder.release()
        if is_done:
            shutil.rmtree(path)
            self.left.remove(path)

    def _arrived(self) -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = []
        for run_id, run in self.server.runs.items():
            found += [(run_id, "point", *point) for point in run.points]
            found += [(run_id, "param", *pair) for pair in run.params]
            found += [(run_id, "tag", *pair) for pair in run.tags]
        return found

    def _check(self) -> None:
        everything = self._arrived()
        arrived = [each for each in everything if each not in self.maybe]
        assert len(everything) == len(set(everything))
        expected = [(each.run_id, *each.what) for each in self.logged]
        assert sorted(arrived, key=repr) == sorted(expected, key=repr)
        for run_id, run in self.server.runs.items():
            for writer in {each.writer for each in self.logged}:
                for key in KEYS:
                    steps = [
                        each.what[2]
                        for each in self.logged
                        if (each.writer, each.run_id, *each.what[:2]) == (writer, run_id, "point", key)
                    ]
                    found = [step for _, step, _, _ in run.series(key) if step in steps]
                    assert self._is_in_order(found, run_id, key)

    def _is_in_order(self, steps: list[int], run_id: str, key: str) -> bool:
        """Tell whether the points that were logged with a context came in order, and those without."""
        of_context = {
            context: [step for step in steps if (run_id, key, step) in self.in_context[context]]
            for context in (NO_CONTEXT, CONTEXT)
        }
        return all(each == sorted(each) for each in of_context.values())


def _nothing(_: list[RunBlock]) -> None:
    """No leases here."""


@pytest.mark.slow
def test_every_record_arrives_once_whatever_happens() -> None:
    run_state_machine_as_test(
        SpoolMachine,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
