"""Counted jobs as rows: what is to do is fixed, taken in steps, and counted in the transaction that does it."""

from collections.abc import Sequence

import pytest

from headrace.api.jobs import Job, JobState
from headrace.base.errors import Conflict, NotFound
from headrace.store import jobs
from headrace.store.engine import Store
from headrace.store.jobs import KEPT_MS, MAX_FAILURES, PART, NewJob
from headrace.store.transaction import Kind


def _make(
    store: Store, subjects: Sequence[int], job_id: str = "j1", request: str = "{}", now: int = 5
) -> int:
    new = NewJob(job_id, "tag_runs", request, "ann", subjects, now)
    store.writer.call(lambda tx: jobs.insert_job(tx, new))
    with store.read() as conn:
        number = jobs.find_number(conn, job_id)
    assert number is not None
    return number


def _get(store: Store, job_id: str = "j1") -> Job:
    with store.read() as conn:
        return jobs.get_job(conn, job_id)


def _step(store: Store, number: int, size: int, failures: Sequence[tuple[str, str]] = ()) -> list[int]:
    def work(tx: object) -> list[int]:
        begun = jobs.begin_step(tx, number, size, 9)  # type: ignore[arg-type]
        assert begun is not None
        jobs.end_step(tx, number, len(begun[1]) - len(failures), failures)  # type: ignore[arg-type]
        return begun[1]

    taken: list[int] = store.writer.call(work)
    return taken


def test_steps_take_every_subject_once_and_in_order(store: Store) -> None:
    subjects = list(range(10, 10 + 2 * PART + 7))
    number = _make(store, subjects)
    taken: list[int] = []
    sizes = []
    while _get(store).state in {JobState.PENDING, JobState.RUNNING}:
        part = _step(store, number, 300)
        sizes.append(len(part))
        taken += part
    assert taken == subjects
    assert max(sizes) <= 300
    job = _get(store)
    assert (job.state, job.total, job.done, job.failed) == (
        JobState.FINISHED,
        len(subjects),
        len(subjects),
        0,
    )
    with store.read() as conn:
        assert conn.rows("SELECT * FROM hr_job_part") == []
        assert jobs.open_jobs(conn) == []


def test_a_step_that_is_rolled_back_is_taken_again(store: Store) -> None:
    number = _make(store, [1, 2, 3])

    def fail(tx: object) -> None:
        jobs.begin_step(tx, number, 2, 9)  # type: ignore[arg-type]
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        store.writer.call(fail)
    assert _get(store).state is JobState.PENDING
    assert _step(store, number, 2) == [1, 2]
    assert _step(store, number, 2) == [3]
    assert (_get(store).done, _get(store).state) == (3, JobState.FINISHED)


def test_a_job_with_nothing_to_do_is_finished(store: Store) -> None:
    number = _make(store, [])
    assert _get(store).state is JobState.FINISHED
    assert store.writer.call(lambda tx: jobs.begin_step(tx, number, 5, 9)) is None


def test_failures_are_counted_all_and_told_up_to_a_hundred(store: Store) -> None:
    number = _make(store, list(range(150)))
    for start in (0, 75):
        failures = [(f"r{start + place}", "why") for place in range(75)]
        assert len(_step(store, number, 75, failures)) == 75
    job = _get(store)
    assert (job.state, job.done, job.failed) == (JobState.FINISHED, 0, 150)
    assert [failure.id for failure in job.failures] == [f"r{place}" for place in range(MAX_FAILURES)]
    assert job.failures[0].reason == "why"


@pytest.mark.parametrize(("state", "failed"), [(JobState.CANCELLED, 0), (JobState.FAILED, 4)])
def test_a_job_that_is_ended_early_does_nothing_more(store: Store, state: JobState, failed: int) -> None:
    number = _make(store, [1, 2, 3, 4, 5])
    _step(store, number, 1)
    store.writer.call(lambda tx: jobs.end_job(tx, number, state, 77, "no"))
    job = _get(store)
    assert (job.state, job.done, job.failed, job.reason, job.updated_at) == (state, 1, failed, "no", 77)
    assert store.writer.call(lambda tx: jobs.begin_step(tx, number, 5, 9)) is None
    with store.read() as conn:
        assert conn.rows("SELECT * FROM hr_job_part") == []


def test_a_job_that_is_sent_again_is_made_once_and_its_id_is_nobody_elses(store: Store) -> None:
    number = _make(store, [1, 2])
    _step(store, number, 1)
    assert _make(store, [1, 2]) == number
    assert (_get(store).total, _get(store).done) == (2, 1)
    with pytest.raises(Conflict, match="another job"):
        _make(store, [1, 2], request='{"x":1}')


def test_old_jobs_are_forgotten_but_not_open_ones(store: Store) -> None:
    _make(store, [], "ended", now=5)
    _make(store, [1], "open", now=5)
    _make(store, [], "new", now=6 + KEPT_MS)
    with store.read() as conn:
        assert jobs.find_number(conn, "ended") is None
        assert jobs.find_number(conn, "open") is not None
    with pytest.raises(NotFound, match="forgotten"):
        _get(store, "ended")


def test_jobs_are_listed_newest_first_a_page_at_a_time(store: Store) -> None:
    for number in range(5):
        _make(store, [1] if number % 2 else [], f"j{number}")
    with store.read() as conn:
        first, place = jobs.list_jobs(conn, [], None, 3)
        second, end = jobs.list_jobs(conn, [], place, 3)
        open_ones, _ = jobs.list_jobs(conn, [JobState.PENDING], None, 9)
    assert [job.job_id for job in first + second] == ["j4", "j3", "j2", "j1", "j0"]
    assert end is None
    assert [job.job_id for job in open_ones] == ["j3", "j1"]


def test_every_step_is_a_change(store: Store) -> None:
    number = _make(store, [1, 2])
    _step(store, number, 1)
    with store.read() as conn:
        changes = conn.rows("SELECT clock, kind, subject FROM hr_change ORDER BY clock")
    assert changes == [(1, Kind.JOB, number), (2, Kind.JOB, number)]
