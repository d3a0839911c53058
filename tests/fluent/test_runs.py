"""Starting, ending and going on with runs, on a server and on a database in this process."""

import os

import pytest

from headrace.api.runs import Run
from headrace.base.errors import InvalidParameter, InvalidState, NotFound, StopRequested
from headrace.client import Client
from headrace.client.entities import Run as RunEntity
from headrace.fluent import plans
from headrace.fluent.experiments import create_experiment, set_experiment
from headrace.fluent.logging import log_metric, log_param, set_tag
from headrace.fluent.runs import (
    active_run,
    delete_run,
    end_run,
    get_parent_run,
    get_run,
    last_active_run,
    restore_run,
    start_run,
)
from headrace.fluent.state import flush_all


def stored(client: Client, run_id: str) -> Run:
    assert flush_all(20)
    return client.runs.get(run_id)


def tags_of(client: Client, run_id: str) -> dict[str, str]:
    return {tag.key: tag.value for tag in stored(client, run_id).data.tags or ()}


def status_of(client: Client, run_id: str) -> str:
    return str(stored(client, run_id).info.status)


def test_what_is_logged_in_a_block_is_stored(client: Client) -> None:
    with start_run(run_name="first", tags={"stage": 1}, description="a note") as run:
        log_metric("loss", 0.5, step=3)
        log_param("depth", 7)
        set_tag("colour", "blue")
    found = stored(client, run.info.run_id)
    assert found.info.run_name == "first"
    assert found.info.status == "FINISHED"
    assert found.info.end_time >= found.info.start_time > 0
    assert [(each.key, each.value, each.step) for each in found.data.metrics or ()] == [("loss", 0.5, 3)]
    assert [(each.key, each.value) for each in found.data.params or ()] == [("depth", "7")]
    tags = tags_of(client, run.info.run_id)
    assert tags["stage"] == "1"
    assert tags["colour"] == "blue"
    assert tags["mlflow.note.content"] == "a note"
    assert tags["mlflow.runName"] == "first"
    assert tags["mlflow.user"] == found.info.user_id
    assert tags["mlflow.source.type"] == "LOCAL"


def test_a_run_knows_its_place_once_a_server_has_answered(client: Client) -> None:
    with start_run() as run:
        found = stored(client, run.info.run_id)
        assert run.info.experiment_id == found.info.experiment_id == "0"
        assert run.info.artifact_uri == found.info.artifact_uri
        assert run.info.run_name == found.info.run_name
        assert isinstance(run, RunEntity)
        assert run.info.status == "RUNNING"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("broken"), "FAILED"),
        (KeyboardInterrupt(), "KILLED"),
        (StopRequested("enough"), "KILLED"),
        (SystemExit(0), "FINISHED"),
        (SystemExit(None), "FINISHED"),
        (SystemExit(3), "FAILED"),
        (SystemExit("no"), "FAILED"),
        (SystemExit(143), "KILLED"),
    ],
)
def test_a_block_ends_its_run_with_what_is_true(client: Client, error: BaseException, status: str) -> None:
    with pytest.raises(type(error)), start_run() as run:
        raise error
    assert status_of(client, run.info.run_id) == status


def test_a_second_run_is_refused_while_one_is_active(uri: str) -> None:
    with (
        start_run() as run,
        pytest.raises(InvalidState, match=f"Run with UUID {run.run_id} is already active"),
    ):
        start_run()


def test_a_nested_run_has_the_active_one_as_its_parent(client: Client) -> None:
    with start_run() as parent:
        with start_run(nested=True) as child:
            assert active_run() is child
        assert active_run() is parent
    assert active_run() is None
    assert tags_of(client, child.run_id)["mlflow.parentRunId"] == parent.run_id
    found = get_parent_run(child.run_id)
    assert found is not None
    assert found.info.run_id == parent.run_id
    assert get_parent_run(parent.run_id) is None


def test_a_parent_may_be_given_by_id(client: Client) -> None:
    with start_run() as parent:
        pass
    with start_run(parent_run_id=parent.run_id) as child:
        pass
    assert tags_of(client, child.run_id)["mlflow.parentRunId"] == parent.run_id


def test_a_parent_other_than_the_active_run_is_refused(uri: str) -> None:
    with start_run() as other:
        pass
    with start_run(), pytest.raises(InvalidParameter, match="does not match the specified parent_run_id"):
        start_run(nested=True, parent_run_id=other.run_id)


def test_a_deleted_parent_is_refused(uri: str) -> None:
    with start_run() as parent:
        pass
    delete_run(parent.run_id)
    with pytest.raises(InvalidParameter, match="deleted state"):
        start_run(parent_run_id=parent.run_id)


def test_children_that_were_left_open_end_with_their_parent(client: Client) -> None:
    begun = []

    def work() -> None:
        with start_run() as parent:
            begun.extend([parent, start_run(nested=True)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert [status_of(client, run.run_id) for run in begun] == ["FAILED", "FAILED"]
    assert active_run() is None


def test_a_block_whose_run_has_ended_ends_no_other(client: Client) -> None:
    with start_run() as first:
        end_run("KILLED")
        second = start_run()
    assert status_of(client, first.run_id) == "KILLED"
    assert status_of(client, second.run_id) == "RUNNING"
    end_run()


def test_an_unknown_status_is_refused_and_the_run_stays(uri: str) -> None:
    with start_run() as run:
        with pytest.raises(InvalidParameter, match="DONE"):
            end_run("DONE")
        assert active_run() is run


def test_end_run_without_a_run_does_nothing(uri: str) -> None:
    end_run()
    assert last_active_run() is None


def test_the_last_run_is_the_active_one_or_else_the_one_that_ended_last(uri: str) -> None:
    with start_run() as run:
        assert last_active_run() is run
    last = last_active_run()
    assert last is not None
    assert (last.info.run_id, last.info.status) == (run.run_id, "FINISHED")


def test_a_logging_call_starts_a_run(client: Client) -> None:
    log_metric("loss", 1.0)
    run = active_run()
    assert run is not None
    end_run()
    assert status_of(client, run.run_id) == "FINISHED"


def test_a_run_goes_on_by_its_id(client: Client) -> None:
    with start_run() as run:
        log_param("depth", 3)
        log_metric("loss", 1.0, step=1)
    with start_run(run_id=run.run_id, tags={"again": True}, run_name="renamed") as again:
        assert again.run_id == run.run_id
        assert again.data.params == {"depth": "3"}
        assert status_of(client, run.run_id) == "RUNNING"
        with pytest.raises(InvalidParameter, match="Changing param values is not allowed"):
            log_param("depth", 4)
        log_metric("loss", 2.0, step=0)
    found = stored(client, run.run_id)
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "renamed"
    assert tags_of(client, run.run_id)["again"] == "True"
    assert [point.value for point in client.metrics.history(run.run_id, "loss")] == [1.0, 2.0]


def test_the_run_of_the_environment_counts_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with start_run() as run:
        pass
    monkeypatch.setenv("MLFLOW_RUN_ID", run.run_id)
    with start_run() as again:
        assert "MLFLOW_RUN_ID" not in os.environ
    with start_run() as other:
        pass
    assert again.run_id == run.run_id != other.run_id


def test_an_unknown_run_is_refused(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "APPEAR_S", 0.3)
    with pytest.raises(NotFound):
        start_run(run_id="0" * 32)
    assert active_run() is None


def test_a_deleted_run_is_refused_until_it_is_restored(uri: str) -> None:
    with start_run() as run:
        pass
    delete_run(run.run_id)
    with pytest.raises(InvalidParameter, match="deleted state"):
        start_run(run_id=run.run_id)
    restore_run(run.run_id)
    with start_run(run_id=run.run_id) as again:
        assert again.run_id == run.run_id


def test_a_run_of_another_experiment_than_the_chosen_one_is_refused(uri: str) -> None:
    with start_run() as run:
        pass
    set_experiment(f"other {run.run_id}")
    with pytest.raises(InvalidParameter, match="does not match environment run ID"):
        start_run(run_id=run.run_id)


def test_a_description_and_its_tag_together_are_refused(uri: str) -> None:
    with pytest.raises(InvalidParameter, match="Description is already set"):
        start_run(description="a", tags={"mlflow.note.content": "b"})


def test_what_a_user_says_of_a_run_wins_over_what_is_found(client: Client) -> None:
    with start_run(tags={"mlflow.user": "somebody", "mlflow.source.name": "mine"}) as run:
        pass
    assert tags_of(client, run.run_id)["mlflow.source.name"] == "mine"
    assert stored(client, run.run_id).info.user_id == "somebody"


@pytest.mark.parametrize(
    "arguments", [{"resume": "never"}, {"stop": "now"}, {"resume": "must"}, {"resume": "allow"}]
)
def test_an_argument_of_ours_that_is_wrong_is_refused(uri: str, arguments: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter, match=r"resume|stop"):
        start_run(**arguments)  # type: ignore[arg-type]
    assert active_run() is None


def test_a_run_goes_on_by_its_name_as_a_new_attempt(client: Client) -> None:
    name = f"named 'so' {os.urandom(4).hex()}"
    with start_run(run_name=name, resume="allow") as first:
        log_param("rate", 1)
        log_metric("loss", 1.0, step=0)
        log_metric("loss", 0.9, step=1)
    with start_run(run_name=name, resume="must") as second:
        assert second.run_id == first.run_id
        log_param("rate", 2)
        log_metric("loss", 0.5, step=1)
    assert status_of(client, first.run_id) == "FINISHED"
    assert [point.value for point in client.metrics.history(first.run_id, "loss")] == [1.0, 0.5]
    assert get_run(first.run_id).data.params == {"rate": "2"}
    control = client.control.get(first.run_id)
    assert [(each.key, each.value) for each in control.past_params] == [("rate", "1")]


def test_a_run_that_must_be_there_and_is_not_is_told(uri: str) -> None:
    with pytest.raises(NotFound, match="No active run named 'nobody'"):
        start_run(run_name="nobody", resume="must")


def test_a_run_may_belong_to_any_experiment(client: Client) -> None:
    number = create_experiment(f"somewhere {os.urandom(4).hex()}")
    with start_run(experiment_id=number) as run:
        assert run.info.experiment_id == number
    assert stored(client, run.run_id).info.experiment_id == number


def test_an_experiment_that_is_not_there_is_refused(uri: str) -> None:
    with pytest.raises(NotFound):
        start_run(experiment_id="987654")
    assert active_run() is None
