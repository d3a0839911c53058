"""Jobs and views as users reach them: by the client and the command line, over HTTP and on a database in this process."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.api.jobs import JobState
from headrace.base.errors import AlreadyExists, Conflict, InvalidParameter, NotFound
from headrace.client import Client, connect
from serving import clean_environment, start_server

Ran = subprocess.CompletedProcess[str]


@pytest.fixture(params=["http", "sqlite"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with clean_environment():
        if request.param == "sqlite":
            yield f"sqlite:///{tmp_path / 'local.db'}"
        else:
            with start_server(tmp_path / "server") as server:
                yield server.url


@pytest.fixture
def client(uri: str) -> Iterator[Client]:
    with connect(uri) as connected:
        yield connected


@pytest.fixture
def headrace(uri: str, tmp_path: Path) -> Callable[..., Ran]:
    """A function that runs a command in a process of its own."""

    def run(*arguments: str, status: int = 0) -> Ran:
        command = [sys.executable, "-m", "headrace", *arguments, "--tracking-uri", uri]
        ran = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=120)
        assert ran.returncode == status, ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr
        return ran

    return run


def _fill(client: Client, count: int) -> tuple[str, str, list[str]]:
    old, new = client.experiments.create("team/old"), client.experiments.create("team/new")
    made = []
    for number in range(count):
        run_id = client.runs.create(old).info.run_id
        client.runs.log_batch(run_id, params={"number": number})
        made.append(run_id)
    return old, new, made


def _found(client: Client, experiment: str) -> set[str]:
    return {run.info.run_id for run in client.runs.search([experiment])}


def test_jobs_end_and_are_waited_for(client: Client) -> None:
    old, new, made = _fill(client, 12)
    job = client.jobs.wait(
        client.jobs.move_runs(new, experiment_ids=[old], filter="params.number != '3'").job_id, 60
    )
    assert (job.state, job.total, job.done, job.failed) == (JobState.FINISHED, 11, 11, 0)
    assert _found(client, old) == {made[3]}
    job = client.jobs.wait(client.jobs.tag_runs({"n": 1}, run_ids=made).job_id, 60)
    assert job.done == 12
    job = client.jobs.wait(client.jobs.delete_runs(experiment_ids=[new], filter="tags.n = '1'").job_id, 60)
    assert (job.done, _found(client, new)) == (11, set())
    job = client.jobs.wait(client.jobs.restore_runs(made).job_id, 60)
    assert (job.done, _found(client, new)) == (12, set(made) - {made[3]})
    job = client.jobs.wait(client.jobs.move_experiments("team", "org/x").job_id, 60)
    assert (job.done, client.experiments.get(old).name) == (2, "org/x/old")
    assert [each.kind for each in client.jobs.list(page_size=2)] == [
        "move_experiments",
        "restore_runs",
        "delete_runs",
        "tag_runs",
        "move_runs",
    ]
    with pytest.raises(AlreadyExists, match="org/x/old"):
        client.jobs.move_experiments("org/x/new", "org/x/old")
    with pytest.raises(NotFound, match="nobody"):
        client.jobs.move_runs(new, ["nobody"])
    with pytest.raises(InvalidParameter, match="ended already"):
        client.jobs.cancel(job.job_id)


def test_waiting_ends_in_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    _, new, made = _fill(client, 1)
    job = client.jobs.move_runs(new, made)
    with pytest.raises(TimeoutError, match=job.job_id):
        client.jobs.wait(job.job_id, 0)
    assert client.jobs.wait(job.job_id).state is JobState.FINISHED


def test_views_and_stars_are_kept(client: Client) -> None:
    old, _, made = _fill(client, 1)
    view = client.views.save("mine", {"columns": ["metrics.loss"]}, experiment_id=old)
    assert json.loads(str(client.views.get(view.view_id).body)) == {"columns": ["metrics.loss"]}
    assert client.views.set_default(view.view_id).is_default
    client.views.save("theirs", "{}", view_id=view.view_id, etag=view.etag)
    with pytest.raises(Conflict, match="changed since"):
        client.views.save("mine", "{}", view_id=view.view_id, etag=view.etag)
    assert [each.name for each in client.views.list(old)] == ["theirs"]
    client.views.delete(view.view_id)
    assert client.views.list(old) == []
    client.views.star(run_id=made[0])
    client.views.star(experiment_id=old)
    assert {each.id for each in client.views.stars(page_size=1)} == {made[0], old}
    client.views.unstar(run_id=made[0])
    assert [each.id for each in client.views.stars()] == [old]


def _lines(ran: Ran) -> list[Any]:
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_runs_are_moved_from_the_command_line(client: Client, headrace: Callable[..., Ran]) -> None:
    _, new, made = _fill(client, 3)
    (job,) = _lines(headrace("runs", "move", made[0], "--to", "team/new", "--json"))
    assert (job["state"], job["done"]) == ("FINISHED", 1)
    ran = headrace("runs", "move", "-e", "team/old", "--filter", "params.number = '1'", "--to", new)
    assert "1 of 1" in ran.stdout
    assert _found(client, new) == set(made[:2])
    client.runs.delete(made[2])
    ran = headrace("runs", "move", made[2], "--to", new, status=1)
    assert f"{made[2]}  it is deleted; restore it first" in ran.stdout
    assert "Error: " in headrace("runs", "move", "nobody", "--to", new, status=1).stderr
    ran = headrace("jobs", "list")
    assert [line.split()[1:] for line in ran.stdout.splitlines()[1:]] == [
        ["move_runs", "finished", "0/1", "1"],
        ["move_runs", "finished", "1/1", "0"],
        ["move_runs", "finished", "1/1", "0"],
    ]
    assert "No jobs found." in headrace("jobs", "list", "--open").stdout
    (shown,) = _lines(headrace("jobs", "show", job["job_id"], "--json"))
    assert shown["job_id"] == job["job_id"]
    assert "ended already" in headrace("jobs", "cancel", job["job_id"], status=1).stderr
