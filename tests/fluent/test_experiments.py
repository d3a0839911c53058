"""Experiments: which one a run belongs to, and MLflow's calls."""

import os
import subprocess
from collections.abc import Callable

import pytest

from headrace.base.errors import AlreadyExists, InvalidParameter, NotFound, NotImplementedByServer
from headrace.client import Client
from headrace.fluent.experiments import (
    create_experiment,
    delete_experiment,
    delete_experiment_tag,
    get_experiment,
    get_experiment_by_name,
    restore_experiment,
    search_experiments,
    set_experiment,
    set_experiment_tag,
    set_experiment_tags,
)
from headrace.fluent.runs import start_run
from headrace.fluent.state import flush_all


@pytest.fixture
def name() -> str:
    return f"experiment {os.urandom(6).hex()}"


def experiment_of(client: Client, run_id: str) -> str:
    assert flush_all(20)
    return client.runs.get(run_id).info.experiment_id


def test_set_experiment_makes_one_and_finds_it_again(client: Client, name: str) -> None:
    made = set_experiment(name)
    assert made.name == name
    assert made.lifecycle_stage == "active"
    assert set_experiment(name).experiment_id == made.experiment_id
    assert set_experiment(experiment_id=made.experiment_id).name == name
    with start_run() as run:
        assert run.info.experiment_id == made.experiment_id
    assert experiment_of(client, run.run_id) == made.experiment_id


@pytest.mark.parametrize("arguments", [{}, {"experiment_name": "a", "experiment_id": "1"}])
def test_exactly_one_of_name_and_id_is_taken(uri: str, arguments: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter, match="exactly one"):
        set_experiment(**arguments)


def test_a_trace_location_is_refused(uri: str, name: str) -> None:
    with pytest.raises(NotImplementedByServer, match="trace_location"):
        set_experiment(name, trace_location=object())
    with pytest.raises(NotImplementedByServer, match="trace_location"):
        create_experiment(name, trace_location=object())


def test_an_unknown_id_is_refused(uri: str) -> None:
    with pytest.raises(NotFound):
        set_experiment(experiment_id="987654")


def test_a_deleted_experiment_is_refused_until_it_is_restored(uri: str, name: str) -> None:
    made = set_experiment(name)
    delete_experiment(made.experiment_id)
    with pytest.raises(InvalidParameter, match="Cannot set a deleted experiment"):
        set_experiment(name)
    with pytest.raises(InvalidParameter, match="deleted"):
        start_run(experiment_id=made.experiment_id)
    restore_experiment(made.experiment_id)
    assert set_experiment(name).experiment_id == made.experiment_id


def test_a_name_in_the_environment_is_made_if_need_be(client: Client, name: str) -> None:
    os.environ["MLFLOW_EXPERIMENT_NAME"] = name
    with start_run() as run:
        pass
    found = get_experiment_by_name(name)
    assert found is not None
    assert experiment_of(client, run.run_id) == found.experiment_id


def test_an_id_in_the_environment_counts(client: Client, name: str) -> None:
    os.environ["MLFLOW_EXPERIMENT_ID"] = number = create_experiment(name)
    with start_run() as run:
        pass
    assert experiment_of(client, run.run_id) == number


def test_an_id_in_the_environment_that_is_not_there_is_refused(uri: str) -> None:
    os.environ["MLFLOW_EXPERIMENT_ID"] = "987654"
    with pytest.raises(NotFound):
        start_run()


def test_a_name_and_an_id_that_mean_two_experiments_are_refused(uri: str, name: str) -> None:
    create_experiment(name)
    os.environ |= {"MLFLOW_EXPERIMENT_NAME": name, "MLFLOW_EXPERIMENT_ID": "0"}
    with pytest.raises(InvalidParameter, match="does not match the experiment id"):
        start_run()


def test_what_was_set_wins_over_the_environment_and_what_is_given_over_both(
    client: Client, name: str
) -> None:
    os.environ["MLFLOW_EXPERIMENT_NAME"] = f"{name} of the environment"
    chosen = set_experiment(name)
    with start_run() as run:
        pass
    with start_run(experiment_id="0") as other:
        pass
    assert experiment_of(client, run.run_id) == chosen.experiment_id
    assert experiment_of(client, other.run_id) == "0"


def test_processes_that_are_started_have_the_experiment_too(
    client: Client, name: str, script: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    chosen = set_experiment(name)
    done = script("from headrace.fluent.runs import start_run\nwith start_run() as run: print(run.run_id)\n")
    assert done.returncode == 0, done.stderr
    assert experiment_of(client, done.stdout.strip()) == chosen.experiment_id


def test_an_experiment_that_was_named_is_found_by_name_at_another_place(
    client: Client, name: str, tmp_path: object
) -> None:
    chosen = set_experiment(name)
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{tmp_path}/other.db"
    with start_run() as run:
        assert run.info.experiment_id
    found = get_experiment_by_name(name)
    assert found is not None
    assert run.info.experiment_id == found.experiment_id
    assert chosen.name == found.name


def test_experiments_are_created_found_and_tagged(uri: str, name: str) -> None:
    number = create_experiment(name, tags={"a": 1})
    with pytest.raises(AlreadyExists):
        create_experiment(name)
    assert get_experiment(number).tags == {"a": "1"}
    assert get_experiment_by_name("nobody") is None
    set_experiment(name)
    set_experiment_tag("b", 2)
    set_experiment_tags({"c": 3, "d": None})
    delete_experiment_tag("a")
    assert get_experiment(number).tags == {"b": "2", "c": "3", "d": "None"}


def test_the_experiment_of_the_environment_can_be_tagged_before_it_has_runs(uri: str, name: str) -> None:
    os.environ["MLFLOW_EXPERIMENT_NAME"] = name
    set_experiment_tag("a", 1)
    found = get_experiment_by_name(name)
    assert found is not None
    assert found.tags == {"a": "1"}


def test_experiments_are_searched(uri: str, name: str) -> None:
    numbers = [create_experiment(f"{name} {i}") for i in range(3)]
    text = f"name LIKE '{name}%'"
    found = search_experiments(filter_string=text, order_by=["name DESC"])
    assert [each.experiment_id for each in found] == numbers[::-1]
    assert len(search_experiments(filter_string=text, max_results=2)) == 2
    delete_experiment(numbers[0])
    assert len(search_experiments(filter_string=text)) == 2
    assert [each.experiment_id for each in search_experiments(view_type=2, filter_string=text)] == numbers[:1]
    assert len(search_experiments(view_type=3, filter_string=text)) == 3
