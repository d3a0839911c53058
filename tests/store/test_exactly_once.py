"""Writers and two servers on one store, against a model in plain Python: whatever happens to batches on the way, each record is there exactly once."""

import contextlib
import struct
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from databases import Databases
from examples import EXAMPLES
from headrace.api import ingest, runs
from headrace.api.ingest import Application, Ingest, IngestAnswer
from headrace.base import msgpack, plugins
from headrace.base.errors import Conflict, InvalidParameter
from headrace.services import dispatch
from headrace.services.context import Actor
from headrace.services.platform import PlatformSettings, open_platform
from headrace.store import points
from headrace.store.keys import find_key_ids, key_names
from headrace.store.runs import get_run
from ingest_model import COUNTS, Block, Point, StoreModel

EXPERIMENT = "experiment"
WRITERS = ("writer-1", "writer:2")
RUNS = ("run-1", "run-2")
KEYS = ("loss", "a/b", "bad#key")

_values = st.sampled_from(
    [struct.pack("<d", each) for each in (0.0, -0.0, 1.5, -2.5, float("inf"), float("-inf"), float("nan"))]
    + [
        bytes.fromhex("010000000000f0ff"),
        bytes.fromhex("efbeadde0000f87f"),
    ]  # NaNs with a payload, either sign
)
_times, _steps = st.sampled_from([0, 1, 1, 1, 2**62, -1]), st.sampled_from([0, 0, 0, 1, -5, 2**63 - 1])
_point = st.tuples(_times, _steps, _values)
_few = st.lists(_point, max_size=6).map(tuple)
_many = st.builds(
    lambda point, size, last: (*[point] * size, last), _point, st.sampled_from([63, 64, 127, 140]), _point
)
_series = st.lists(st.tuples(st.sampled_from(KEYS), st.one_of(_few, _few, _many)), max_size=3).map(tuple)
_pairs = st.lists(
    st.tuples(st.sampled_from(["p", "q", "bad#key"]), st.sampled_from(["1", "2", "\0"])), max_size=4
).map(tuple)
_params = st.lists(
    st.tuples(st.sampled_from(["p", "q", "bad#key"]), st.sampled_from(["1", "2"])), max_size=4
).map(tuple)
_blocks = st.lists(
    st.builds(Block, st.sampled_from(RUNS), st.sampled_from([True, False, False]), _params, _pairs, _series),
    min_size=1,
    max_size=3,
)
_servers = st.sampled_from([0, 1])
_writers = st.sampled_from(WRITERS)


class Sent:
    """A batch as it was sent, and what it must have come to."""

    def __init__(self, request: Ingest, counts: Counter[str], records: int) -> None:
        self.request, self.counts, self.records = request, counts, records


class ExactlyOnce(RuleBasedStateMachine):
    """Two servers, two writers, two runs.

    Args:
        databases: where the store of the servers is.
        kind: which of them.
    """

    def __init__(self, databases: Databases, kind: str) -> None:
        super().__init__()
        self.exits = contextlib.ExitStack()
        folder = Path(self.exits.enter_context(tempfile.TemporaryDirectory()))
        url = self.exits.enter_context(databases.lend(kind, folder))
        self.servers = [open_platform(PlatformSettings(url, str(folder / "files"))) for _ in range(2)]
        self.model = StoreModel()
        self.sent: dict[str, list[Sent]] = {writer: [] for writer in WRITERS}

    def teardown(self) -> None:
        for server in self.servers:
            server.store.close()
        self.exits.close()

    def _pack(self, writer: str, seq: int, blocks: list[Block]) -> Ingest:
        request = Ingest(format=2, writer=writer, seq=seq, runs=[block.pack(EXPERIMENT) for block in blocks])
        return msgpack.decode(msgpack.encode(request), Ingest)

    def _send(self, server: int, request: Ingest) -> IngestAnswer:
        return dispatch.call(self.servers[server], Actor(), ingest.SEND, request)

    def _check(self, answer: IngestAnswer, sent: Sent, applied: Application) -> None:
        assert answer.applied is applied
        assert answer.records == sent.records
        found = {name: getattr(answer, name) for name in COUNTS if name != "rejected"}
        found["rejected"] = sum(each.count for each in answer.rejected)
        assert found == {name: sent.counts[name] for name in COUNTS}
        assert found["stored"] + found["collapsed"] + found["repeated"] + found["rejected"] == answer.records

    @rule(writer=_writers, server=_servers, blocks=_blocks)
    def send_next(self, writer: str, server: int, blocks: list[Block]) -> None:
        """A batch arrives."""
        request = self._pack(writer, len(self.sent[writer]) + 1, blocks)
        sent = Sent(request, self.model.apply(writer, blocks), sum(block.records for block in blocks))
        self.sent[writer].append(sent)
        self._check(self._send(server, request), sent, Application.NOW)

    @rule(writer=_writers, blocks=_blocks)
    def send_next_twice_at_once(self, writer: str, blocks: list[Block]) -> None:
        """A batch arrives at both servers at once: one applies it, the other tells what it has come to."""
        request = self._pack(writer, len(self.sent[writer]) + 1, blocks)
        sent = Sent(request, self.model.apply(writer, blocks), sum(block.records for block in blocks))
        self.sent[writer].append(sent)
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(self._send, (0, 1), (request, request)))
        answers.sort(key=lambda answer: answer.applied is Application.BEFORE)
        self._check(answers[0], sent, Application.NOW)
        self._check(answers[1], sent, Application.BEFORE)

    @precondition(lambda self: any(self.sent.values()))
    @rule(data=st.data(), server=_servers)
    def send_last_again(self, data: st.DataObject, server: int) -> None:
        """The answer was lost: the same comes again."""
        writer = data.draw(st.sampled_from([each for each in WRITERS if self.sent[each]]))
        last = self.sent[writer][-1]
        self._check(self._send(server, last.request), last, Application.BEFORE)

    @precondition(lambda self: any(self.sent.values()))
    @rule(data=st.data(), server=_servers, more=_blocks)
    def send_last_again_with_more(self, data: st.DataObject, server: int, more: list[Block]) -> None:
        """A client that was killed builds its batch anew, and longer: it is told of the records that were applied."""
        writer = data.draw(st.sampled_from([each for each in WRITERS if self.sent[each]]))
        last = self.sent[writer][-1]
        longer = Ingest(
            format=2,
            writer=writer,
            seq=last.request.seq,
            runs=[*last.request.runs, *(block.pack(EXPERIMENT) for block in more)],
        )
        self._check(self._send(server, longer), last, Application.BEFORE)

    @precondition(lambda self: any(len(each) > 1 for each in self.sent.values()))
    @rule(data=st.data(), server=_servers)
    def send_old(self, data: st.DataObject, server: int) -> None:
        """A batch that was overtaken on the way arrives late."""
        writer = data.draw(st.sampled_from([each for each in WRITERS if len(self.sent[each]) > 1]))
        seq = data.draw(st.integers(1, len(self.sent[writer]) - 1))
        answer = self._send(server, self.sent[writer][seq - 1].request)
        assert answer.applied is Application.LONG_BEFORE
        assert (answer.seq, answer.last_seq) == (seq, len(self.sent[writer]))

    @rule(writer=_writers, server=_servers, blocks=_blocks, ahead=st.integers(2, 5))
    def send_too_early(self, writer: str, server: int, blocks: list[Block], ahead: int) -> None:
        """A batch overtakes the one before it."""
        expected = len(self.sent[writer]) + 1
        request = self._pack(writer, expected - 1 + ahead, blocks)
        with pytest.raises(Conflict, match=rf"is {expected}, but {request.seq} was sent"):
            self._send(server, request)

    @rule(writer=_writers, blocks=_blocks, data=st.data())
    def send_cut(self, writer: str, blocks: list[Block], data: st.DataObject) -> None:
        """A body breaks off: nothing of it counts."""
        body = msgpack.encode(self._pack(writer, len(self.sent[writer]) + 1, blocks))
        with pytest.raises(InvalidParameter):
            msgpack.decode(body[: data.draw(st.integers(1, len(body) - 1))], Ingest)

    @rule(writer=_writers, server=_servers, blocks=_blocks, column=st.sampled_from(["time", "step", "value"]))
    def send_uneven_columns(self, writer: str, server: int, blocks: list[Block], column: str) -> None:
        """A column is longer than it says: nothing of the batch counts."""
        blocks = [*blocks, Block(RUNS[0], True, (), (), (("loss", ((1, 1, b"\0" * 8),)),))]
        request = self._pack(writer, len(self.sent[writer]) + 1, blocks)
        metrics = request.runs[-1].metrics
        assert isinstance(metrics, ingest.MetricColumns)
        setattr(metrics, column, getattr(metrics, column) + b"\0")
        with pytest.raises(InvalidParameter, match=column):
            self._send(server, request)

    @precondition(lambda self: self.model.runs)
    @rule(data=st.data(), server=_servers)
    def delete_or_restore(self, data: st.DataObject, server: int) -> None:
        """A run goes to the trash or comes back; what is written to it is kept."""
        run_id = data.draw(st.sampled_from(sorted(self.model.runs)))
        run = self.model.runs[run_id]
        row = runs.RESTORE if run.deleted else runs.DELETE
        dispatch.call(self.servers[server], Actor(), row, runs.RunById(run_id=run_id))
        run.deleted = not run.deleted

    @invariant()
    def everything_is_there_once(self) -> None:
        """Both servers see what the model holds, and the ledger."""
        for server in self.servers:
            with server.store.read() as conn:
                rows = conn.rows(
                    "SELECT r.run_id, w.id, l.stored, l.collapsed, l.repeated, l.late, l.rejected FROM hr_ledger l "
                    "JOIN hr_writer w ON w.number = l.writer LEFT JOIN hr_run r ON r.id = l.run"
                )
                assert {(run, writer): tuple(counts) for run, writer, *counts in rows} == {
                    place: tuple(counts[name] for name in COUNTS)
                    for place, counts in self.model.ledger.items()
                }
                for run_id, run in self.model.runs.items():
                    ref = get_run(conn, run_id)
                    assert ref.deleted == run.deleted
                    assert dict(_read(conn, "hr_param", ref.id)) == run.params
                    assert dict(_read(conn, "hr_tag", ref.id)) == run.tags
                    assert Counter(_read_points(conn, ref.id)) == run.points
                    totals = conn.rows(
                        "SELECT SUM(points) FROM hr_series WHERE run = ? AND context = 0", (ref.id,)
                    )
                    assert (totals[0][0] or 0) == run.points.total()

    @invariant()
    def every_rejection_is_written_down(self) -> None:
        """As many records as were rejected, and no record's number twice."""
        with self.servers[0].store.read() as conn:
            rows = conn.rows("SELECT writer, SUM(count) FROM hr_rejection GROUP BY writer")
            ledger = conn.rows(
                "SELECT writer, SUM(rejected) FROM hr_ledger GROUP BY writer HAVING SUM(rejected) > 0"
            )
            assert dict(rows) == dict(ledger)
            records = dict(conn.rows("SELECT id, records FROM hr_writer"))
            assert records == {
                writer: sum(each.records for each in sent) for writer, sent in self.sent.items() if sent
            }


def _read(conn: Any, table: str, run: int) -> Iterator[tuple[str, str]]:
    rows = conn.rows(f"SELECT key_id, value FROM {table} WHERE run = ?", (run,))
    names = key_names(conn, {row[0] for row in rows})
    return ((names[key], value) for key, value in rows)


def _read_points(conn: Any, run: int) -> Iterator[tuple[str, Point]]:
    chunks = plugins.load("headrace.store.chunks")
    for key, number in find_key_ids(conn, [key for key in KEYS if "#" not in key]).items():
        columns = points.read_columns(conn, points.parts_of(conn, run, number))
        values = chunks.values_of(columns.code)
        for time, step, value in zip(columns.time.tolist(), columns.step.tolist(), values, strict=True):
            yield key, (time, step, value.tobytes())


def test_each_record_of_a_batch_is_there_exactly_once(databases: Databases, database: str) -> None:
    run_state_machine_as_test(
        lambda: ExactlyOnce(databases, database),
        settings=settings(
            max_examples=8 * EXAMPLES,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
