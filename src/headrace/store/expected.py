"""What this process was the last to see of rows: so that a small write need not ask for them before it begins, and is one trip to the database.

Nothing here is believed. Whoever builds on a row sends a statement that locks it, as a reader would have, or changes it only if it is as expected, and that fails
if it is not; then nothing of the transaction stays, and it is run again as if nothing had been expected. What is expected is taken out when it is used, and
comes back with the commit, so that it is wrong once at most; of a run that others write to as well nothing is expected for a while.

Of a run that was made here and not written to since it is also expected that it has neither params nor series: the database's unique constraints say if that is
wrong. Only the writing thread uses this.
"""

import time
from collections import deque
from collections.abc import Callable, Collection

from headrace.store.connection import Row
from headrace.store.transaction import Seen, Transaction

MOST_RUNS = 4_096
MOST_STATES = 20_000
MOST_EXPERIMENTS = 1_024
MOST_AT_ONCE = 8
"""More runs are locked by one statement that reads them than by one statement for each."""
SHARED_S = 60.0
"""So long nothing is expected of a run that another server was found to write to, in seconds."""
IDS_AHEAD = {"hr_series": 8, "hr_run": 4}
"""So many times as many ids as the last transaction wanted are asked for at once. Runs of several servers stay nearly in the order of their making."""
_MOST_IDS = 2_000

_EXPECT_EXPERIMENT = (
    "SELECT 1 / count(*) FROM (SELECT 1 FROM hr_experiment WHERE id = ? AND name = ? AND artifact_location = ? AND deleted = ? "
    "AND created_at = ? AND updated_at = ?{lock}) held"
)
_EXPECT_RUN = (
    "SELECT 1 / count(*) FROM (SELECT 1 FROM hr_run WHERE id = ? AND run_id = ? AND experiment = ? AND scope = ? AND start_time = ? "
    "AND attempt = ? AND artifact_uri = ?{alone}{lock}) held"
)
# A fork of the run would have to be told of new series.
_NO_FORKS = " AND NOT EXISTS (SELECT 1 FROM hr_fork WHERE parent = hr_run.id)"


class Expected:
    """Rows as this process has seen them last, and ids for new ones."""

    def __init__(self) -> None:
        self._runs: dict[str, Seen] = {}
        self._experiments: dict[int, Row] = {}
        self._states = 0  # of all runs together
        # Runs of which something was expected, and nobody knows yet if it was right.
        self._tried: set[str] = set()
        # Runs that others write to, with the time until when that is taken to go on.
        self._shared: dict[str, float] = {}
        self._ids: dict[str, deque[int]] = {table: deque() for table in IDS_AHEAD}
        self._wanted = dict.fromkeys(IDS_AHEAD, 0)

    def lock(self, tx: Transaction, experiments: Collection[int], runs: Collection[str]) -> bool:
        """Lock rows that are as expected, without waiting for it; False if something is not known of one of them, and nothing was asked.

        Args:
            tx: where to write; it holds nothing yet, and may be run again.
            experiments: ids of experiments that are not to be changed.
            runs: public ids.
        """
        if len(runs) > MOST_AT_ONCE or len(experiments) > MOST_AT_ONCE:
            return False
        if not (self._experiments.keys() >= set(experiments) and self._runs.keys() >= set(runs)):
            return False
        for number in sorted(experiments):
            row = self._experiments.pop(number)
            tx.change(_EXPECT_EXPERIMENT.format(lock=tx.for_share), row)
            tx.held_experiments[number] = (row, False)
        for run_id in sorted(runs):
            seen = self._take_run(run_id)
            alone = _NO_FORKS if seen.is_empty else ""
            tx.change(_EXPECT_RUN.format(alone=alone, lock=tx.for_update), seen.run)
            tx.held_runs[run_id] = seen.run
            tx.locked_runs.add(run_id)
            tx.expected_runs[run_id] = seen
            self._tried.add(run_id)
        return True

    def learn(self, tx: Transaction) -> None:
        """Take up what a transaction has left behind. Only after the commit."""
        for number in tx.held_experiments:
            self._experiments.pop(number, None)
        for run_id in tx.locked_runs & self._runs.keys():
            self._take_run(run_id)
        if self._tried:
            self._judge(tx)
        if not tx.foretold:  # nobody knows what it has changed
            return
        if tx.held_experiments:
            self._learn_experiments(tx)
        if len(tx.held_runs) <= MOST_AT_ONCE or tx.made_runs:
            self._learn_runs(tx)

    def _learn_experiments(self, tx: Transaction) -> None:
        self._experiments.update((number, row) for number, (row, _) in tx.held_experiments.items())
        while len(self._experiments) > MOST_EXPERIMENTS:
            del self._experiments[next(iter(self._experiments))]

    def _learn_runs(self, tx: Transaction) -> None:
        states: dict[int, dict[int, Row]] = {}
        for series, (number, row) in tx.new_states.items():
            states.setdefault(number, {})[series] = row
        for run_id, run in tx.held_runs.items():
            if run_id not in self._shared:
                kept = dict(tx.expected_runs[run_id].states) if run_id in tx.expected_runs else {}
                kept |= states.get(run.id, {})
                for series in tx.miscounted & kept.keys():
                    del kept[series]
                self._runs[run_id] = Seen(run, run_id in tx.made_runs, kept)
                self._states += len(kept)
        while len(self._runs) > MOST_RUNS or self._states > MOST_STATES:
            self._take_run(next(iter(self._runs)))

    def _take_run(self, run_id: str) -> Seen:
        seen = self._runs.pop(run_id)
        self._states -= len(seen.states)
        return seen

    def _judge(self, tx: Transaction) -> None:
        """Note of which runs it was wrong to expect anything: they were locked in the ordinary way after that."""
        now_s = time.monotonic()
        self._shared = {run_id: until_s for run_id, until_s in self._shared.items() if until_s > now_s}
        for run_id in tx.locked_runs & self._tried:
            if run_id not in tx.expected_runs and len(self._shared) < MOST_RUNS:
                self._shared[run_id] = now_s + SHARED_S
        self._tried -= tx.locked_runs
        if len(self._tried) > MOST_RUNS:
            self._tried.clear()

    def take_ids(self, table: str, count: int) -> list[Row] | None:
        """Return so many ids for new rows of a table, as rows; None if there are not enough."""
        self._wanted[table] = count
        ids = self._ids[table]
        return [(ids.popleft(),) for _ in range(count)] if len(ids) >= count else None

    def ask_ids(self, tx: Transaction) -> Callable[[], None]:
        """Ask for ids that the next transactions may want, and return what takes them up when they are there."""
        answers: list[tuple[deque[int], Callable[[], list[Row]]]] = []
        for table, wanted in self._wanted.items():
            if len(self._ids[table]) < min(wanted, _MOST_IDS):
                count = min(wanted * IDS_AHEAD[table], _MOST_IDS)
                answers.append((self._ids[table], tx.dialect.ask_ids(tx.cursor, table, count)))

        def take() -> None:
            for ids, answer in answers:
                ids.extend(sorted(row[0] for row in answer() if row[0] is not None))

        return take
