"""What the store keeps in memory: facts that never change once they are committed. Bounded; emptied when full."""

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from msgspec import Struct, field

T = TypeVar("T")

MAX_KEYS = 200_000
MAX_SERIES = 200_000
MAX_FORKED = 10_000
MAX_RUNS = 50_000

SeriesKey = tuple[int, int, int, int]
"""Run, key, context, attempt: all as their integer ids."""


class Caches(Struct):
    """Interned names, and the ids of series that were written lately.

    A transaction collects what it adds and hands it over after its commit, so that a rollback leaves nothing behind.
    """

    key_ids: dict[str, int] = field(default_factory=dict)
    key_names: dict[int, str] = field(default_factory=dict)
    series_ids: dict[SeriesKey, int] = field(default_factory=dict)
    parts: dict[type, Any] = field(default_factory=dict)
    forks: dict[str, frozenset[str]] = field(default_factory=dict)
    """Runs that were forked, by public id, with their forks as far as they were met here: a hint, not a fact."""
    seen_runs: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Runs that were written to lately, by public id: their integer id, and the attempt that they had: a hint as well."""

    def part(self, kind: type[T]) -> T:
        """Return the store's one instance of a cache that another file defines, made when it is first asked for."""
        found = self.parts.get(kind)
        return cast("T", self.parts.setdefault(kind, kind()) if found is None else found)

    def add_forks(self, run: str, forks: Iterable[str]) -> None:
        """Remember forks of a run."""
        if len(self.forks) >= MAX_FORKED:
            self.forks = {}
        self.forks[run] = self.forks.get(run, frozenset()).union(forks)

    def add_runs(self, runs: dict[str, tuple[int, int]]) -> None:
        """Remember runs."""
        if len(self.seen_runs) + len(runs) > MAX_RUNS:
            self.seen_runs = {}
        self.seen_runs.update(runs)

    def add_keys(self, ids: dict[str, int]) -> None:
        """Remember names of keys."""
        if len(self.key_ids) + len(ids) > MAX_KEYS:
            self.key_ids, self.key_names = {}, {}
        self.key_ids.update(ids)
        self.key_names.update((number, name) for name, number in ids.items())

    def add_series(self, ids: dict[SeriesKey, int]) -> None:
        """Remember ids of series."""
        if len(self.series_ids) + len(ids) > MAX_SERIES:
            self.series_ids = {}
        self.series_ids.update(ids)
