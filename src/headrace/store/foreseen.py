"""What a transaction has asked ahead: answers to questions that its jobs will have, which went to the database together with the locks.

Whoever has a question looks here first, and asks the database if there is no answer. An answer holds as long as nobody but these jobs has written, and they
only as `headrace.store.outlook` says. The module knows no SQL.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

Row = tuple[Any, ...]
Answer = Callable[[], list[Row]]


class Wanted(NamedTuple):
    """What a job will ask for.

    Args:
        run: public id of the run that it writes to; empty if there is none yet.
        params: names of params that it logs.
        metrics: names of metrics that it logs.
        new_runs: so many runs it makes.
    """

    run: str = ""
    params: Collection[str] = ()
    metrics: Collection[str] = ()
    new_runs: int = 0


class Foreseen:
    """Answers, each of which is given once but for those that never change within a transaction."""

    __slots__ = ("_ids", "_params", "_series", "_states", "_states_of")

    def __init__(self) -> None:
        self._params: dict[int, tuple[frozenset[int], Answer]] = {}
        self._series: dict[int, tuple[frozenset[int], Answer]] = {}
        self._states_of: frozenset[int] = frozenset()
        self._states: Answer | None = None
        self._ids: dict[str, Answer] = {}

    def add_params(self, run: int, keys: Collection[int], answer: Answer) -> None:
        """Take up which of these params a run has."""
        self._params[run] = frozenset(keys), answer

    def add_series(self, run: int, keys: Collection[int], answer: Answer) -> None:
        """Take up which series of these keys a run has."""
        self._series[run] = frozenset(keys), answer

    def add_states(self, series: Collection[int], answer: Answer) -> None:
        """Take up the summaries of series; the first column is their id."""
        self._states_of, self._states = frozenset(series), answer

    def add_ids(self, table: str, answer: Answer) -> None:
        """Take up ids for new rows of a table."""
        self._ids[table] = answer

    def take_params(self, run: int, keys: Iterable[int]) -> list[Row] | None:
        """Return which of these params a run has, or None if that was not asked."""
        return _take(self._params, run, keys)

    def take_series(self, run: int, keys: Iterable[int]) -> list[Row] | None:
        """Return which series of these keys a run has, or None if that was not asked."""
        return _take(self._series, run, keys)

    def take_states(self, series: Collection[int]) -> tuple[list[Row], set[int]]:
        """Return the summaries of those of some series that were asked for, and the ids of the others."""
        answer, self._states = self._states, None
        wanted = set(series)
        if answer is None or wanted.isdisjoint(self._states_of):
            return [], wanted
        return [row for row in answer() if row[0] in wanted], wanted - self._states_of

    def take_ids(self, table: str, count: int) -> list[int] | None:
        """Return ids for so many new rows of a table, in order; None if there are not enough."""
        answer = self._ids.pop(table, None)
        if answer is None:
            return None
        ids: list[int] = sorted(row[0] for row in answer() if row[0] is not None)
        if len(ids) < count:
            return None
        if len(ids) > count:
            rest = [(number,) for number in ids[count:]]
            self._ids[table] = lambda: rest
        return ids[:count]


def _take(
    answers: dict[int, tuple[frozenset[int], Answer]], run: int, keys: Iterable[int]
) -> list[Row] | None:
    keys_asked, answer = answers.pop(run, (frozenset[int](), None))
    if answer is None or not keys_asked.issuperset(keys):
        return None
    return answer()
