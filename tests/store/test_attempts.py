"""Attempts and forks: who writes to which, and what searches and histories then see."""

from collections.abc import Callable

import pytest

from headrace.base.errors import InvalidParameter
from headrace.store import attempts, runs, series
from headrace.store.attempts import Attempt
from headrace.store.codes import encode
from headrace.store.engine import Store
from headrace.store.keys import intern_keys
from headrace.store.points import parts_of, read_columns
from headrace.store.transaction import Kind, RunRef, Transaction

MakeRun = Callable[..., RunRef]


def _begin(
    store: Store, run: RunRef, name: str, from_step: int | None = None, now: int = 5
) -> tuple[int, bool]:
    begun: tuple[int, bool] = store.writer.call(
        lambda tx: attempts.begin_attempt(tx, run, name, from_step, now)
    )
    return begun


def _log(store: Store, run: RunRef, steps: range, attempt: int = 0, key: str = "loss") -> None:
    """Log points whose value tells attempt and step."""
    points = [(step, step, encode(1000.0 * attempt + step)) for step in steps]

    def work(tx: Transaction) -> None:
        series.add_points(tx, run._replace(attempt=attempt), intern_keys(tx, [key])[key], 0, points)

    store.writer.call(work)


def _fork(store: Store, run: RunRef, parent: RunRef, step: int) -> bool:
    made: bool = store.writer.call(lambda tx: attempts.fork(tx, run, parent, step))
    return made


def _steps(store: Store, run: RunRef, attempt: int | None = None) -> list[int]:
    with store.read() as conn:
        return read_columns(conn, parts_of(conn, run.id, 1, attempt)).step.tolist()


def _latest_steps(store: Store, run: RunRef) -> list[int]:
    with store.read() as conn:
        return [row[4] for row in series.ask_latest_points(conn, [run.id])()]


def _shown_rows(store: Store, run: RunRef) -> list[tuple[int, int, int]]:
    """Return (attempt, scope, points) of the rows that searches look at."""
    with store.read() as conn:
        return conn.rows(
            "SELECT attempt, scope, points FROM hr_series WHERE run = ? AND scope IS NOT NULL ORDER BY key_id",
            (run.id,),
        )


def test_all_who_give_the_same_name_write_to_the_same_attempt(store: Store, make_run: MakeRun) -> None:
    run = make_run(store)
    assert [_begin(store, run, "job7:0") for _ in range(3)] == [(0, True), (0, False), (0, False)]
    assert _begin(store, run, "job7:1", from_step=40, now=9) == (1, True)
    assert _begin(store, run, "job7:1", from_step=99) == (1, False)
    assert _begin(store, run, "job7:0") == (0, False)
    with store.read() as conn:
        assert attempts.list_attempts(conn, run.id) == [
            Attempt(0, "job7:0", None, 5),
            Attempt(1, "job7:1", 40, 9),
        ]
        found = runs.get_run(conn, run.run_id)
    assert found.attempt == 1


def test_names_belong_to_their_run(store: Store, make_run: MakeRun) -> None:
    first, second = make_run(store, "r1"), make_run(store, "r2")
    assert _begin(store, first, "a") == (0, True)
    assert _begin(store, first, "b") == (1, True)
    assert _begin(store, second, "b") == (0, True)


def test_points_that_came_without_a_name_were_attempt_0(store: Store, make_run: MakeRun) -> None:
    run = make_run(store)
    _log(store, run, range(3))
    assert _begin(store, run, "again") == (1, True)


def test_points_of_the_same_commit_count_as_logged_before(store: Store, make_run: MakeRun) -> None:
    run = make_run(store)

    def work(tx: Transaction) -> tuple[int, bool]:
        series.add_points(tx, run, intern_keys(tx, ["loss"])["loss"], 0, [(1, 1, 1)])
        return attempts.begin_attempt(tx, run, "again", None, 5)

    assert store.writer.call(work) == (1, True)


def test_the_first_named_attempt_leaves_a_run_as_it_is(store: Store, make_run: MakeRun) -> None:
    run = make_run(store)
    _begin(store, run, "a")
    _log(store, run, range(10))
    assert _shown_rows(store, run) == [(0, run.scope, 10)]


def test_an_attempt_is_visible_below_the_first_step_of_the_next(store: Store, make_run: MakeRun) -> None:
    run = make_run(store)
    _log(store, run, range(100))
    _begin(store, run, "b")
    assert _steps(store, run) == list(range(100))
    _log(store, run, range(60, 70), attempt=1)
    assert _steps(store, run) == list(range(70))
    assert _latest_steps(store, run) == [69]
    assert _shown_rows(store, run) == [(-1, run.scope, 70)]
    assert _steps(store, run, attempt=0) == list(range(100))
    assert _steps(store, run, attempt=1) == list(range(60, 70))


def test_a_late_point_of_the_new_attempt_moves_where_the_old_one_ends(
    store: Store, make_run: MakeRun
) -> None:
    run = make_run(store)
    _log(store, run, range(100))
    _begin(store, run, "b")
    _log(store, run, range(60, 70), attempt=1)
    _log(store, run, range(50, 52), attempt=1)
    assert _steps(store, run) == [*range(50), 50, 51, *range(60, 70)]
    assert _shown_rows(store, run) == [(-1, run.scope, 62)]


def test_late_points_of_an_old_attempt_show_below_its_end_only(store: Store, make_run: MakeRun) -> None:
    run = make_run(store)
    _log(store, run, range(10, 20))
    _begin(store, run, "b")
    _log(store, run, range(30, 40), attempt=1)
    _log(store, run, range(25, 35))
    assert _steps(store, run) == [*range(10, 20), *range(25, 40)]
    assert _shown_rows(store, run) == [(-1, run.scope, 25)]


def test_where_an_attempt_goes_on_counts_before_it_has_logged(store: Store, make_run: MakeRun) -> None:
    run = make_run(store)
    _log(store, run, range(100))
    _begin(store, run, "b", from_step=40)
    assert _steps(store, run) == list(range(40))
    assert _latest_steps(store, run) == [39]
    _log(store, run, range(100, 120))
    assert _latest_steps(store, run) == [39]
    _log(store, run, range(55, 58), attempt=1)
    assert _steps(store, run) == [*range(40), *range(55, 58)]


def test_a_metric_of_which_nothing_is_visible_is_not_found(store: Store, make_run: MakeRun) -> None:
    run = make_run(store)
    _log(store, run, range(5, 10))
    _begin(store, run, "b", from_step=0)
    assert _steps(store, run) == []
    assert _shown_rows(store, run) == []
    _log(store, run, range(3), attempt=1)
    assert _shown_rows(store, run) == [(-1, run.scope, 3)]


def test_a_metric_that_an_old_attempt_logs_for_the_first_time_shows_too(
    store: Store, make_run: MakeRun
) -> None:
    run = make_run(store)
    _log(store, run, range(10))
    _begin(store, run, "b")
    _log(store, run, range(4), key="late")
    assert _shown_rows(store, run) == [(-1, run.scope, 10), (-1, run.scope, 4)]


def test_a_fork_goes_on_from_its_parent_below_the_step(store: Store, make_run: MakeRun) -> None:
    parent, run = make_run(store, "r1"), make_run(store, "r2")
    _log(store, parent, range(100))
    assert _fork(store, run, parent, 30)
    assert _steps(store, run) == list(range(30))
    assert _latest_steps(store, run) == [29]
    _log(store, run, range(30, 45))
    assert _steps(store, run) == list(range(45))
    assert _shown_rows(store, run) == [(-1, run.scope, 45)]
    assert _steps(store, parent) == list(range(100))
    assert _shown_rows(store, parent) == [(-1, parent.scope, 100)]


def test_a_fork_that_begins_earlier_hides_what_it_repeats(store: Store, make_run: MakeRun) -> None:
    parent, run = make_run(store, "r1"), make_run(store, "r2")
    _log(store, parent, range(100))
    _fork(store, run, parent, 30)
    _log(store, run, range(20, 45))
    assert _steps(store, run) == list(range(45))
    assert _shown_rows(store, run) == [(-1, run.scope, 45)]


def test_late_points_of_a_parent_reach_forks_of_forks(store: Store, make_run: MakeRun) -> None:
    first, second, third = (make_run(store, f"r{number}") for number in range(3))
    _log(store, first, range(5, 20))
    _fork(store, second, first, 10)
    _fork(store, third, second, 8)
    _log(store, first, range(3))
    _log(store, first, range(2), key="new")
    for run, steps in ((second, [*range(3), *range(5, 10)]), (third, [*range(3), *range(5, 8)])):
        assert _steps(store, run) == steps
        assert [row[2] for row in _shown_rows(store, run)] == [len(steps), 2]


def test_followers_of_a_fork_hear_of_its_parents_late_points(store: Store, make_run: MakeRun) -> None:
    parent, run = make_run(store, "r1"), make_run(store, "r2")
    _log(store, parent, range(5, 20))
    forked = _read_clock(store, _fork(store, run, parent, 10))
    _log(store, parent, range(12, 15))
    late = _read_clock(store, _log(store, parent, range(1)))
    with store.read() as conn:
        heard = conn.rows(
            "SELECT clock FROM hr_change WHERE kind = ? AND subject = ?", (Kind.METRICS, run.id)
        )
    assert heard == [(forked,), (late,)]


def _read_clock(store: Store, _done: object) -> int:
    """Return the change clock after something was done."""
    with store.read() as conn:
        (row,) = conn.rows("SELECT value FROM hr_clock")
    clock: int = row[0]
    return clock


def test_followers_hear_when_an_attempt_hides_points(store: Store, make_run: MakeRun) -> None:
    run = make_run(store)
    _log(store, run, range(10))
    _begin(store, run, "b", from_step=4)
    with store.read() as conn:
        heard = conn.rows(
            "SELECT kind FROM hr_change WHERE clock = (SELECT value FROM hr_clock) AND subject = ? ORDER BY kind",
            (run.id,),
        )
    assert heard == [(Kind.RUN,), (Kind.METRICS,)]


def test_a_run_is_a_fork_of_one_run_at_one_step(store: Store, make_run: MakeRun) -> None:
    parent, run, other = (make_run(store, f"r{number}") for number in range(3))
    assert _fork(store, run, parent, 3)
    assert not _fork(store, run, parent, 3)
    for wrong, step in ((parent, 4), (other, 3)):
        with pytest.raises(InvalidParameter, match="is a fork already"):
            _fork(store, run, wrong, step)


def test_no_run_descends_from_itself(store: Store, make_run: MakeRun) -> None:
    first, second, third = (make_run(store, f"r{number}") for number in range(3))
    _fork(store, second, first, 3)
    _fork(store, third, second, 3)
    for descendant in (first, second, third):
        with pytest.raises(InvalidParameter, match="descends from it"):
            _fork(store, first, descendant, 3)


def test_the_view_row_goes_to_the_trash_and_comes_back(store: Store, make_run: MakeRun) -> None:
    run = make_run(store, "r1", 3)
    _log(store, run, range(10))
    _begin(store, run, "b")
    _log(store, run, range(5, 8), attempt=1)
    for deleted in (True, False):
        store.writer.call(
            lambda tx, deleted=deleted: runs.update_deleted(
                tx, [(run.id, 3)], deleted, 1 if deleted else None
            )
        )
        assert _shown_rows(store, run)[0] == (-1, 6 + deleted, 8)
        with store.read() as conn:
            trashed = runs.get_run(conn, run.run_id)
        _log(store, trashed, range(3), key=f"more{deleted}")
        assert {row[1] for row in _shown_rows(store, run)} == {6 + deleted}


@pytest.mark.parametrize(
    ("name", "from_step"), [("", None), ("x" * 251, None), ("a\0b", None), ("a", 2**63), ("a", -(2**63) - 1)]
)
def test_a_name_or_a_step_that_cannot_be_is_refused(name: str, from_step: int | None) -> None:
    attempts.check_attempt("x" * 250, -(2**63))
    with pytest.raises(InvalidParameter):
        attempts.check_attempt(name, from_step)
