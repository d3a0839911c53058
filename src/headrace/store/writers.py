"""Writers of headrace's own ingest: the fence that lets each of their batches in once, the last answer, and the ledger of what became of records.

The module does not know what a record is.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from headrace.store.connection import Connection, Row
from headrace.store.dialect import LostRace
from headrace.store.transaction import RunRef, Transaction

NOWHERE = 0
"""Stands for the run in the ledger of records whose run is not there."""

_WRITER = "id, number, seq, records, result"
_RECORD_BITS = 32
RECORD_MASK = (1 << _RECORD_BITS) - 1
"""Which part of a record's number `point_number` keeps."""


class WriterRow(NamedTuple):
    """A writer.

    Attributes:
        number: its number, from 1.
        seq: the last batch that was applied.
        records: records in all batches so far.
        result: the answer to the last batch.
    """

    number: int
    seq: int
    records: int
    result: bytes


class Counts(NamedTuple):
    """What became of records; `late` ones are part of those stored."""

    stored: int = 0
    collapsed: int = 0
    repeated: int = 0
    late: int = 0
    rejected: int = 0


class Refusal(NamedTuple):
    """Records that were not stored: how many, the first one's number, what they were, and why."""

    record: int
    size: int
    what: str
    reason: str


class Place(NamedTuple):
    """Where a page of rejections ended."""

    run: int
    writer: int
    record: int


def find_writer(conn: Connection, writer_id: str) -> WriterRow | None:
    """Return a writer, or None if it has never sent anything. A transaction locks the writer."""
    if isinstance(conn, Transaction):
        lock_writers(conn, (writer_id,))
        held: WriterRow | None = conn.held_writers.get(writer_id)
        return held
    row = conn.row(f"SELECT {_WRITER} FROM hr_writer WHERE id = ?", (writer_id,))
    return None if row is None else _build(row)


def lock_writers(tx: Transaction, writer_ids: Iterable[str]) -> None:
    """Lock writers, and remember them: of a batch that comes to two servers at once, one waits for what the other answers."""
    missing = sorted(set(writer_ids) - tx.held_writers.keys())
    if missing:
        walked = tx.dialect.walking("hr_writer_one_id")
        query = f"SELECT {_WRITER} FROM hr_writer{walked} WHERE id IN ({{ids}}) ORDER BY id{tx.for_update}"
        for row in tx.rows_in(query, missing):
            tx.held_writers[row[0]] = _build(row)


def _build(row: Row) -> WriterRow:
    return WriterRow(row[1], row[2], row[3], bytes(row[4]))


def advance(tx: Transaction, writer_id: str, last: WriterRow | None, records: int, now: int) -> int:
    """Pass the fence: take the batch that follows the last one as applied. Return the writer's number.

    Args:
        tx: where to write.
        writer_id: the name that the writer gave itself.
        last: what `find_writer` found in this transaction.
        records: how many records the batch has.
        now: Unix milliseconds.

    Raises:
        LostRace: another server has applied a batch of this writer meanwhile; look again.
    """
    tx.held_writers.pop(writer_id, None)
    if last is None:
        number: int = tx.insert(
            "INSERT INTO hr_writer (id, seq, records, result, seen_at) VALUES (?, 1, ?, ?, ?)",
            (writer_id, records, b"", now),
        )
        return number
    passed = tx.count_changed(
        "UPDATE hr_writer SET seq = ?, records = ?, seen_at = ? WHERE id = ? AND seq = ?",
        (last.seq + 1, last.records + records, now, writer_id, last.seq),
    )
    if passed != 1:
        raise LostRace(
            f"The writer {writer_id!r} was no longer at batch {last.seq} when its next one was applied."
        )
    return last.number


def keep_result(tx: Transaction, number: int, result: bytes) -> None:
    """Keep the answer to a writer's last batch, by the writer's number."""
    tx.change("UPDATE hr_writer SET result = ? WHERE number = ?", (result, number))


def point_number(number: int, record: int) -> int:
    """Return what tells a writer's point from equal ones: above 0, and different for all records of all writers.

    Record numbers begin again after 2**32: points that lie so far apart would have to be equal in series, step, time and value to meet.

    Args:
        number: the writer's.
        record: the record's, of this writer.
    """
    return number << _RECORD_BITS | record & RECORD_MASK


def add_to_ledger(tx: Transaction, number: int, by_run: dict[int, Counts]) -> None:
    """Add counts of a batch of a writer, by run (`NOWHERE` where there is none)."""
    tx.change_many(
        "INSERT INTO hr_ledger (run, writer, stored, collapsed, repeated, late, rejected) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (run, writer) DO UPDATE SET stored = hr_ledger.stored + excluded.stored, "
        "collapsed = hr_ledger.collapsed + excluded.collapsed, repeated = hr_ledger.repeated + excluded.repeated, "
        "late = hr_ledger.late + excluded.late, rejected = hr_ledger.rejected + excluded.rejected",
        [(run, number, *counts) for run, counts in sorted(by_run.items()) if any(counts)],
    )


def insert_rejections(
    tx: Transaction, number: int, run: int, run_id: str, refusals: Iterable[Refusal], now: int
) -> None:
    """Write down what was not stored.

    Args:
        tx: where to write.
        number: the writer's.
        run: the run, or `NOWHERE`.
        run_id: the run's public id, as it was sent.
        refusals: what.
        now: Unix milliseconds.
    """
    tx.change_many(
        "INSERT INTO hr_rejection (run, writer, record, count, run_id, what, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(run, number, each.record, each.size, run_id, each.what, each.reason, now) for each in refusals],
    )


def ledger_of(conn: Connection, run: RunRef, writer_id: str) -> list[Row]:
    """Return (writer's name, last batch, seen at, then `Counts`) of each writer to a run, or of one writer if it is named."""
    query = (
        "SELECT w.id, w.seq, w.seen_at, l.stored, l.collapsed, l.repeated, l.late, l.rejected "
        "FROM hr_ledger l JOIN hr_writer w ON w.number = l.writer WHERE l.run = ?"
    )
    if writer_id:
        return conn.rows(f"{query} AND w.id = ?", (run.id, writer_id))
    return conn.rows(f"{query} ORDER BY l.writer", (run.id,))


def rejections_of(
    conn: Connection, runs: Sequence[int], run_id: str, writer_id: str, after: Place, limit: int
) -> list[Row]:
    """Return (run, writer, record, writer's name, count, what, reason, at) of what was rejected, in the order of the first three.

    Args:
        conn: where to read.
        runs: the run, and `NOWHERE` for what came before it was there; in order.
        run_id: its public id.
        writer_id: only of this writer; empty for all.
        after: where the page before ended.
        limit: at most so many.
    """
    found: list[Row] = []
    for run in runs:
        if run < after.run or len(found) >= limit:
            continue
        writer, record = after[1:] if run == after.run else (0, -1)
        found += conn.rows(
            "SELECT r.run, r.writer, r.record, w.id, r.count, r.what, r.reason, r.at "
            "FROM hr_rejection r JOIN hr_writer w ON w.number = r.writer WHERE r.run = ? AND r.run_id = ? "
            f"AND (r.writer > ? OR (r.writer = ? AND r.record > ?)){' AND w.id = ?' if writer_id else ''} "
            "ORDER BY r.writer, r.record LIMIT ?",
            [run, run_id, writer, writer, record, *([writer_id] if writer_id else []), limit - len(found)],
        )
    return found
