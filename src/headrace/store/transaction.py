"""A writing transaction: points collected until its end, what it touched, and the change clock.

The last statement before the commit moves the one-row clock and stamps the changes with it, so that clock order is commit order and a
follower's cursor skips nothing.

Where several servers write, all transactions lock rows in one order: experiments, runs, models, writers, each sorted; then whatever jobs, views, duties
and leases need; the clock last. `headrace.store.claims` locks at the beginning what the jobs of a group have named, so that few locks come later.
Whatever lies beneath a row (all of a run; a model's params; a writer's batches) is read and written only by who has locked the row.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from headrace.store.caches import Caches, SeriesKey
from headrace.store.connection import Connection, Params, Row
from headrace.store.dialect import Dialect, LostRace
from headrace.store.driver import Cursor
from headrace.store.foreseen import Foreseen

if TYPE_CHECKING:
    import numpy as np

    from headrace.store.chunks import Columns

KEPT_CHANGES = 100_000
TRIM_EVERY = 1024


class Kind(IntEnum):
    """What a change touched. The numbers are stored."""

    EXPERIMENT = 1
    RUN = 2
    METRICS = 3
    MODEL = 4
    JOB = 5
    VIEW = 6


class RunRef(NamedTuple):
    """What writing to a run needs to know of it."""

    id: int
    run_id: str
    experiment: int
    scope: int
    start_time: int
    attempt: int
    artifact_uri: str

    @property
    def deleted(self) -> bool:
        """Whether the run is in the trash."""
        return bool(self.scope & 1)


RUN_COLUMNS = ", ".join(RunRef._fields)
"""The columns of a run's row that make its `RunRef`."""


_FIND_RUNS = f"SELECT {RUN_COLUMNS} FROM hr_run{{by_name}} WHERE run_id IN ({{ids}}) ORDER BY run_id"


class Seen(NamedTuple):
    """What is expected of a run.

    Args:
        run: its row.
        is_empty: whether it has neither params nor series.
        states: of some of its series, by id, the row that `series.ask_states` gives.
    """

    run: RunRef
    is_empty: bool
    states: dict[int, Row]


PointList = list[tuple[int, int, int]]
"""Points as (time, step, code)."""

RecordList = list[tuple[int, int, int, int]]
"""A writer's points as (time, step, code, record number)."""


class Transaction(Connection):
    """A connection that may write.

    Args:
        cursor: the driver's cursor.
        dialect: the database.
        caches: see `Connection`.
        side: runs a statement for rows and commits it at once, apart from this transaction; None where that is not to be had.

    Attributes:
        held_runs: the runs that this transaction has locked, by public id, as they are.
        held_experiments: likewise the rows of experiments, by id, with whether they may be changed.
        held_models: likewise models, by public id.
        held_writers: likewise writers, by name.
        foreseen: answers to questions that were asked ahead.
        foretold: whether all jobs have said what they will ask for; such jobs write nothing but params, tags, points and new runs.
        expects: whether rows may be taken to be as this process has seen them last, with a statement that fails if they are not.
        made_runs: public ids of runs that this transaction has made.
        expected_runs: what is expected of runs, by public id.
        expected_states: ids of series whose summaries are expected, not read; they are changed only if they are that.
        new_states: of series that this transaction has written, by id, the integer id of the run and the row that `series.ask_states` would give.
        miscounted: ids of series whose counts were corrected after that.
        wanted_runs: takes up the runs that are asked for: whoever has lost a race locks them all at once the next time.
        may_restart: whether this is the first try, so that it may be given up in order to lock in order.
    """

    __slots__ = (
        "arrays",
        "clock",
        "expected_runs",
        "expected_states",
        "expects",
        "foreseen",
        "foretold",
        "held_experiments",
        "held_models",
        "held_runs",
        "held_writers",
        "locked_runs",
        "made_runs",
        "may_restart",
        "miscounted",
        "new_keys",
        "new_series",
        "new_states",
        "points",
        "records",
        "runs",
        "side",
        "touched",
        "wanted_runs",
    )

    def __init__(
        self,
        cursor: Cursor,
        dialect: Dialect,
        caches: Caches,
        side: Callable[[str, Sequence[Params]], None] | None = None,
    ) -> None:
        super().__init__(cursor, dialect, caches)
        self.side = side
        self.held_runs: dict[str, RunRef] = {}
        self.held_experiments: dict[int, tuple[Row, bool]] = {}
        self.held_models: dict[str, Any] = {}
        self.held_writers: dict[str, Any] = {}
        self.locked_runs: set[str] = set()
        self.wanted_runs: set[str] = set()
        self.foreseen = Foreseen()
        self.foretold = False
        self.expects = False
        self.made_runs: set[str] = set()
        self.expected_runs: dict[str, Seen] = {}
        self.expected_states: set[int] = set()
        self.may_restart = False
        self.points: dict[SeriesKey, PointList] = {}
        self.records: dict[SeriesKey, RecordList] = {}
        self.arrays: dict[SeriesKey, list[tuple[Columns, np.ndarray]]] = {}
        self.runs: dict[int, RunRef] = {}
        self.touched: set[tuple[int, int, int]] = set()
        self.new_keys: dict[str, int] = {}
        self.new_series: dict[SeriesKey, int] = {}
        self.miscounted: set[int] = set()
        self.new_states: dict[int, tuple[int, Row]] = {}
        self.clock = 0

    @property
    def for_update(self) -> str:
        """See `Connection.for_update`."""
        return self.dialect.for_update

    @property
    def for_share(self) -> str:
        """See `Connection.for_share`."""
        return self.dialect.for_share

    def lock_runs(self, run_ids: Iterable[str]) -> None:
        """Lock runs, and remember them: whoever writes to anything of a run holds the run's row.

        All transactions lock in the same order, so that none waits for one that waits for it.
        """
        self.ask_for_runs(run_ids)()

    def ask_for_runs(self, run_ids: Iterable[str]) -> Callable[[], None]:
        """Ask for what `lock_runs` locks, and return what waits for the locks: what is asked before that finds them taken."""
        missing = sorted(set(run_ids) - self.held_runs.keys())
        self.wanted_runs.update(missing)
        query = _FIND_RUNS.replace("{by_name}", self.dialect.walking("hr_run_one_run_id"))
        answer = self.ask_in(query + self.for_update, missing)

        def take() -> None:
            for row in answer():
                self.held_runs[row[1]] = RunRef(*row)
                self.locked_runs.add(row[1])

        return take

    def lock_more_runs(self, run_ids: Collection[str]) -> None:
        """Lock runs that nobody has claimed beforehand.

        Raises:
            LostRace: others are locked already that come behind them; the next try locks all in order.
        """
        missing = set(run_ids) - self.locked_runs
        if (
            missing
            and self.may_restart
            and self.for_update
            and min(missing) < max(self.locked_runs, default="")
        ):
            self.wanted_runs |= missing
            raise LostRace("More runs are written to than was known at the beginning.")
        self.lock_runs(run_ids)

    def lock_run_numbers(self, numbers: Iterable[int]) -> dict[int, RunRef]:
        """Lock runs by their integer ids, as `lock_more_runs` does, and return those that exist, by these."""
        held = {run.id: run for run in self.held_runs.values()}
        wanted = set(numbers)
        missing = sorted(wanted - held.keys())
        if missing:
            names = self.rows_in("SELECT run_id FROM hr_run WHERE id IN ({ids})", missing)
            self.lock_more_runs([name for (name,) in names])
            held = {run.id: run for run in self.held_runs.values()}
        return {number: held[number] for number in wanted & held.keys()}

    def forget_runs(self, numbers: Collection[int]) -> None:
        """Read runs again when they are next asked for: what a `RunRef` says of them has changed. They stay locked."""
        self.held_runs = {name: run for name, run in self.held_runs.items() if run.id not in numbers}

    def intern(self, sql: str, rows: Sequence[Params]) -> None:
        """Insert rows that mean the same to everybody and never change, those that are not there yet; then look them up.

        Other servers see them at once, whatever becomes of this transaction, and never wait for it.

        Args:
            sql: an insert that ends in ``ON CONFLICT ... DO NOTHING``.
            rows: parameters of each.
        """
        self.writes += 1
        if self.side is None:
            self.change_many(sql, rows)
        else:
            self.side(sql, sorted(rows, key=repr))

    def touch(self, kind: Kind, subject: int, experiment: int) -> None:
        """Note that this transaction changed something that followers want to hear of."""
        self.touched.add((kind, subject, experiment))

    def forget_changes(self, clock: int) -> None:
        """Drop what is old of the log of changes.

        Args:
            clock: where the change clock stood.
        """
        self.change("DELETE FROM hr_change WHERE clock < ?", (clock - KEPT_CHANGES,))

    def commit(self, connection: Any) -> None:
        """Move the change clock and write down what was touched, in the last statements before the commit; then commit."""
        self.clock = self.dialect.commit(connection, self.cursor, sorted(self.touched))

    def publish(self) -> None:
        """Hand what was learnt to the caches. Only after the commit."""
        if self.new_keys:
            self.caches.add_keys(self.new_keys)
        if self.new_series:
            self.caches.add_series(self.new_series)
        if self.dialect.asks_ahead and self.held_runs:
            self.caches.add_runs({name: (run.id, run.attempt) for name, run in self.held_runs.items()})
