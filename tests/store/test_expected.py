"""What a server expects of rows that it has written itself: it is never believed where another server was there in between."""

import pytest

from headrace.api import experiments, metrics, runs
from headrace.api.endpoint import Tag
from headrace.api.metrics import Metric
from headrace.api.runs import Param
from headrace.base.errors import InvalidParameter, NotFound
from headrace.services import dispatch
from headrace.services.context import Actor, Platform
from headrace.store import attempts
from headrace.store.expected import Expected
from headrace.store.runs import get_run
from headrace.store.transaction import Transaction

ACTOR = Actor()


@pytest.fixture
def lock_calls(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether rows were taken to be as expected, for each transaction that could."""
    taken: list[bool] = []
    lock = Expected.lock

    def note(self: Expected, tx: Transaction, numbers: set[int], names: set[str]) -> bool:
        taken.append(lock(self, tx, numbers, names))
        return taken[-1]

    monkeypatch.setattr(Expected, "lock", note)
    return taken


def _create(platform: Platform, experiment: str = "0") -> str:
    answer = dispatch.call(platform, ACTOR, runs.CREATE, runs.CreateRun(experiment_id=experiment))
    return answer.run.info.run_id


def _batch(run_id: str, value: str = "v", names: str = "abc") -> runs.LogBatch:
    return runs.LogBatch(
        run_id=run_id,
        metrics=[Metric(key=name, value=1.0, timestamp=1, step=1) for name in names],
        params=[Param(key=name, value=value) for name in names],
        tags=[Tag(key=name, value=value) for name in names],
    )


def _log(platform: Platform, request: runs.LogBatch) -> None:
    dispatch.call(platform, ACTOR, runs.LOG_BATCH, request)


def _warm_up(platform: Platform) -> None:
    """Have the names known, and ids at hand."""
    for _ in range(2):
        _log(platform, _batch(_create(platform), names="abcd"))


def _read(platform: Platform, run_id: str) -> dict[str, dict[str, object]]:
    run = dispatch.call(platform, ACTOR, runs.GET, runs.GetRun(run_id=run_id)).run
    return {
        "params": {each.key: each.value for each in run.data.params or ()},
        "metrics": {each.key: each.value for each in run.data.metrics or ()},
        "tags": {each.key: each.value for each in run.data.tags or () if "." not in each.key},
    }


def _whole(value: str, names: str = "abc") -> dict[str, dict[str, object]]:
    return {
        "params": dict.fromkeys(names, value),
        "metrics": dict.fromkeys(names, 1.0),
        "tags": dict.fromkeys(names, value),
    }


def test_a_new_run_and_its_first_batch_are_stored_whole(platform: Platform, lock_calls: list[bool]) -> None:
    _warm_up(platform)
    lock_calls.clear()
    run_id = _create(platform)
    _log(platform, _batch(run_id))
    assert all(lock_calls)
    assert len(lock_calls) == (2 if platform.store.dialect.asks_ahead else 0)
    assert _read(platform, run_id) == _whole("v")


def test_a_batch_that_is_sent_twice_changes_nothing_and_another_value_is_refused(platform: Platform) -> None:
    _warm_up(platform)
    run_id = _create(platform)
    _log(platform, _batch(run_id))
    _log(platform, _batch(run_id))
    with pytest.raises(InvalidParameter, match="'a'"):
        _log(platform, _batch(run_id, "w"))
    assert _read(platform, run_id) == _whole("v")


def test_a_param_that_another_server_has_logged_to_a_new_run_is_not_changed(
    platform: Platform, other: Platform
) -> None:
    _warm_up(platform)
    run_id = _create(platform)
    _log(other, _batch(run_id, "theirs", "b"))
    with pytest.raises(InvalidParameter, match="theirs"):
        _log(platform, _batch(run_id, "ours"))
    assert _read(platform, run_id) == _whole("theirs", "b")


def test_a_new_run_that_another_server_has_deleted_takes_nothing(platform: Platform, other: Platform) -> None:
    _warm_up(platform)
    run_id = _create(platform)
    dispatch.call(other, ACTOR, runs.DELETE, runs.RunById(run_id=run_id))
    with pytest.raises(InvalidParameter, match="active"):
        _log(platform, _batch(run_id))
    assert _read(platform, run_id) == _whole("v", "")


def test_a_new_run_that_another_server_has_forked_shows_its_points_in_the_fork(
    platform: Platform, other: Platform
) -> None:
    _warm_up(platform)
    run_id, fork_id = _create(platform), _create(other)

    def fork(tx: Transaction) -> None:
        parent, child = get_run(tx, run_id), get_run(tx, fork_id)
        attempts.fork(tx, child, parent, 100)

    other.store.writer.call(fork)
    _log(platform, _batch(run_id))
    assert _read(platform, fork_id)["metrics"] == dict.fromkeys("abc", 1.0)
    assert _read(other, run_id) == _whole("v")


def test_an_attempt_that_another_server_has_begun_at_a_new_run_has_its_points(
    platform: Platform, other: Platform
) -> None:
    _warm_up(platform)
    run_id = _create(platform)

    def begin(tx: Transaction) -> None:
        for name in ("first", "second"):
            attempts.begin_attempt(tx, get_run(tx, run_id), name, None, 1)

    other.store.writer.call(begin)
    _log(platform, _batch(run_id))
    assert _read(platform, run_id) == _whole("v")
    with platform.store.read() as conn:
        found = conn.rows("SELECT DISTINCT s.attempt FROM hr_series s JOIN hr_run r ON r.id = s.run WHERE r.run_id = ? ORDER BY 1", (run_id,))  # fmt: skip
    assert found == [(-1,), (1,)]


@pytest.mark.parametrize("change", ["delete", "rename"])
def test_an_experiment_that_another_server_has_changed_is_looked_at_again(
    platform: Platform, other: Platform, change: str, lock_calls: list[bool]
) -> None:
    created = dispatch.call(platform, ACTOR, experiments.CREATE, experiments.CreateExperiment(name="e"))
    experiment = created.experiment_id
    for _ in range(3):
        _create(platform, experiment)
    if change == "delete":
        request = experiments.GetExperiment(experiment_id=experiment)
        dispatch.call(other, ACTOR, experiments.DELETE, request)
        with pytest.raises((InvalidParameter, NotFound), match="delete"):
            _create(platform, experiment)
    else:
        renamed = experiments.UpdateExperiment(experiment_id=experiment, new_name="f")
        dispatch.call(other, ACTOR, experiments.UPDATE, renamed)
        lock_calls.clear()
        made = {_create(platform, experiment) for _ in range(3)}
        # The first was expected to find it as it was, which cost a second try that expected nothing.
        assert lock_calls == ([True] * 3 if platform.store.dialect.asks_ahead else [])
        assert len(made) == 3


def test_runs_of_two_servers_in_turn_have_ids_of_their_own(platform: Platform, other: Platform) -> None:
    made = [_create(each) for _ in range(6) for each in (platform, other)]
    for run_id in made:
        _log(platform, _batch(run_id))
    with platform.store.read() as conn:
        numbers = conn.rows("SELECT id FROM hr_run")
        series = conn.rows("SELECT id FROM hr_series")
    assert len(set(numbers)) == len(numbers) == 12
    assert len(set(series)) == len(series) == 36
    assert all(_read(other, run_id) == _whole("v") for run_id in made)


def test_what_is_kept_of_runs_is_bounded(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headrace.store.expected.MOST_RUNS", 3)
    made = [_create(platform) for _ in range(6)]
    kept = platform.store.caches.part(Expected)._runs
    assert list(kept) == (made[-3:] if platform.store.dialect.asks_ahead else [])


def _points(run_id: str, steps: range) -> runs.LogBatch:
    points = [Metric(key=name, value=float(step), timestamp=1, step=step) for name in "ab" for step in steps]
    return runs.LogBatch(run_id=run_id, metrics=points)


def _count(platform: Platform, run_id: str) -> list[tuple[int, int]]:
    """Return the latest step and the number of points of each metric of a run, by its summary, and check that so many can be read."""
    with platform.store.read() as conn:
        found = conn.rows(
            "SELECT s.latest_step, s.points FROM hr_series s JOIN hr_run r ON r.id = s.run WHERE r.run_id = ? ORDER BY s.key_id",
            (run_id,),
        )
    for name, (_, points) in zip("ab", found, strict=False):
        request = metrics.GetHistory(run_id=run_id, metric_key=name)
        page = dispatch.call(platform, ACTOR, metrics.GET_HISTORY, request)
        assert len(page.metrics or ()) == points
    return found


def test_points_that_another_server_has_logged_in_between_are_counted_too(
    platform: Platform, other: Platform, lock_calls: list[bool]
) -> None:
    run_id = _create(platform)
    for start in range(0, 200, 10):
        _log(platform, _points(run_id, range(start, start + 10)))
    lock_calls.clear()
    _log(other, _points(run_id, range(200, 215)))
    _log(platform, _points(run_id, range(215, 300)))
    assert _count(platform, run_id) == [(299, 300)] * 2
    assert _count(other, run_id) == [(299, 300)] * 2
    _log(platform, _points(run_id, range(300, 310)))
    # Of a run that others write to nothing is expected: the second call asks what there is.
    expects = platform.store.dialect.asks_ahead
    assert lock_calls == ([False, True, False] if expects else [])
    assert _count(platform, run_id) == [(309, 310)] * 2


def test_points_that_are_sent_again_are_counted_once(platform: Platform) -> None:
    run_id = _create(platform)
    expected = platform.store.caches.part(Expected)
    for steps in (range(5), range(3, 8), range(3, 8), range(8, 9), range(5), range(9, 250), range(100, 251)):
        _log(platform, _points(run_id, steps))
        assert not expected._shared  # a corrected count is not taken for another server's
    assert _count(platform, run_id) == [(250, 251)] * 2


def test_what_is_sealed_in_between_is_not_undone(platform: Platform) -> None:
    run_id = _create(platform)
    _log(platform, _points(run_id, range(30)))

    def seal(tx: Transaction) -> None:
        tx.lock_runs([run_id])
        tx.change("UPDATE hr_series SET sealed = sealed + 7")

    _log(platform, _points(run_id, range(30, 31)))
    platform.store.writer.call(seal)
    _log(platform, _points(run_id, range(31, 32)))
    with platform.store.read() as conn:
        assert conn.rows("SELECT sealed, points FROM hr_series") == [(7, 32)] * 2
