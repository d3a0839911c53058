"""Counts of conditions are used for a while, and only as far as they were counted."""

import pytest

from headrace.store import counted
from headrace.store.counted import Counted

QUERY = ("SELECT run FROM hr_param WHERE key_id = ?", [7])


def test_a_count_is_known_for_the_same_query_and_parameters() -> None:
    kept = Counted()
    kept.keep(QUERY, 12, 1000)
    assert kept.find(QUERY, 1000) == 12
    assert kept.find(QUERY, 4000) == 12
    assert kept.find((QUERY[0], [8]), 1000) is None


def test_what_was_not_counted_to_its_end_says_nothing_of_more() -> None:
    kept = Counted()
    kept.keep(QUERY, 1001, 1000)
    assert kept.find(QUERY, 1000) == 1001
    assert kept.find(QUERY, 4000) is None


def test_a_count_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Counted()
    kept.keep(QUERY, 12, 1000)
    now = counted.time.monotonic()
    monkeypatch.setattr(counted.time, "monotonic", lambda: now + counted.KEPT_S + 1)
    assert kept.find(QUERY, 1000) is None


def test_counts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counted, "MOST", 3)
    kept = Counted()
    for number in range(4):
        kept.keep((QUERY[0], [number]), number, 1000)
    assert [kept.find((QUERY[0], [number]), 1000) for number in range(4)] == [None, None, None, 3]
