"""A move reaches all that was read before it: tables and counts kept in memory, attempts and forks, writers, followers."""

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.api.ingest import AttemptRecord, ForkRecord, MetricColumns, MetricSeries, RunBlock, StartRecord
from headrace.client import Client, connect

SELECT = ["run_id", "experiment_id", "params.lr", "tags.team", "metrics.loss", "min(metrics.loss)"]


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def client(uri: str) -> Iterator[Client]:
    with connect(uri) as connected:
        yield connected


@pytest.fixture
def places(client: Client) -> tuple[str, str]:
    return client.experiments.create("old"), client.experiments.create("new")


def _move(client: Client, target: str, *run_ids: str, **options: Any) -> None:
    job = client.jobs.wait(client.jobs.move_runs(target, run_ids, **options).job_id, 60)
    assert (job.done, job.failed) == (job.total, 0)


def _points(steps: range, scale: float = 1) -> MetricColumns:
    return MetricColumns(
        series=[MetricSeries(key="loss", count=len(steps))],
        time=array("q", [step + 1_000 for step in steps]).tobytes(),
        step=array("q", steps).tobytes(),
        value=array("d", [step * scale for step in steps]).tobytes(),
    )


def _block(run_id: str, **fields: Any) -> RunBlock:
    return RunBlock(run_id=run_id, params=[("lr", "1")], tags=[("team", "red")], **fields)


def _look(client: Client, experiment: str) -> tuple[Any, Any]:
    """What the run table and the list of names say of an experiment."""
    table = client.tables.runs([experiment], SELECT, order_by=["run_id"], count=True)
    counts = {key.key: key.runs for key in client.tables.keys([experiment]) if "." not in key.key}
    return (table.columns, table.matching, table.total), counts


def test_tables_and_counts_that_were_read_before_are_right_after_each_move(
    client: Client, uri: str, places: tuple[str, str]
) -> None:
    old, new = places
    names = [f"r{number}" for number in range(6)]
    start = StartRecord(experiment_id=old)
    client.ingest.send("w", 1, [_block(name, start=start, metrics=_points(range(3))) for name in names])
    here = _look(client, old)
    nowhere = _look(client, new)
    assert (here[0][1], here[1]["loss"], nowhere[0][1]) == (6, 6, 0)
    for seq, target in enumerate((new, old, new), start=2):
        _move(client, target, *names[:4])
        for experiment, count in {new: 4, old: 2}.items() if target == new else {new: 0, old: 6}.items():
            table, counts = _look(client, experiment)
            assert (table[1], table[2]) == (count, count)
            assert table[0]["params.lr"] == ["1"] * count
            assert counts == ({"loss": count, "lr": count, "team": count} if count else {})
        # while the runs are there, they change: what was kept for the other experiment is out of date
        client.ingest.send("w", seq, [_block(name, metrics=_points(range(-seq, 0))) for name in names[:4]])
        table, _ = _look(client, target)
        lowest = dict(zip(table[0]["run_id"], table[0]["min(metrics.loss)"], strict=True))
        assert {lowest[name] for name in names[:4]} == {-seq}
    seen = [_look(client, experiment) for experiment in places]
    client.close()
    with connect(uri) as fresh:
        assert [_look(fresh, experiment) for experiment in places] == seen


def test_attempts_and_forks_move_with_what_is_visible_of_them(
    client: Client, places: tuple[str, str]
) -> None:
    old, new = places
    start = StartRecord(experiment_id=old)
    first, second = AttemptRecord(name="job-0"), AttemptRecord(name="job-1", from_step=5)
    fork = StartRecord(experiment_id=old, fork=ForkRecord(run_id="r", step=3))
    client.ingest.send("w", 1, [_block("r", start=start, attempt=first, metrics=_points(range(10)))])
    client.ingest.send("w", 2, [_block("r", attempt=second, metrics=_points(range(5, 8), 2))])
    client.ingest.send("w", 3, [_block("f", start=fork, metrics=_points(range(3, 5), 10))])

    def read(experiment: str, text: str = "") -> dict[str, Any]:
        found = client.runs.search([experiment], text, order_by=["metrics.loss DESC"])
        return {run.info.run_id: (run.data.metrics or [None])[0] for run in found}

    before = read(old)
    assert {name: getattr(metric, "value", None) for name, metric in before.items()} == {"f": 40, "r": 14}
    histories = {name: list(client.metrics.history(name, "loss")) for name in "rf"}
    _move(client, new, "r", "f")
    assert list(read(new).items()) == list(before.items())
    assert read(old) == {}
    assert set(read(new, "metrics.loss = 14")) == {"r"}
    assert {name: list(client.metrics.history(name, "loss")) for name in "rf"} == histories
    # logging goes on: the summary of what is visible stays the one that searches of the new experiment see
    client.ingest.send("w", 4, [_block("r", attempt=second, metrics=_points(range(8, 9), 2))])
    client.ingest.send(
        "w", 5, [_block("r", attempt=AttemptRecord(name="job-2"), metrics=_points(range(9, 10)))]
    )
    assert set(read(new, "metrics.loss = 9")) == {"r"}
    assert read(old, "metrics.loss > 0") == {}


def test_followers_of_either_experiment_hear_of_a_move(client: Client, places: tuple[str, str]) -> None:
    old, new = places
    run_id = client.runs.create(old).info.run_id
    cursors = {each: client.changes.read(experiment_ids=[each]).cursor for each in places}
    _move(client, new, run_id)
    for experiment in places:
        news = client.changes.read(cursors[experiment], experiment_ids=[experiment])
        told = {(change.kind.value, change.id, change.experiment_id) for change in news.changes}
        assert told == {("RUN", run_id, experiment)}


def test_followers_of_everything_hear_how_far_a_job_is(client: Client, places: tuple[str, str]) -> None:
    run_ids = [client.runs.create(places[0]).info.run_id for _ in range(3)]
    cursor = client.changes.read().cursor
    job = client.jobs.wait(client.jobs.tag_runs({"a": "b"}, run_ids=run_ids).job_id, 60)
    news = client.changes.read(cursor)
    told = [(change.id, change.experiment_id) for change in news.changes if change.kind.value == "JOB"]
    assert set(told) == {(job.job_id, "")}
    assert len(told) >= 2
