"""Experiments through the client, over HTTP and in this process."""

import pytest

from headrace.api.experiments import ViewType
from headrace.base.errors import AlreadyExists, InvalidParameter, NotFound
from headrace.base.ids import new_run_id
from headrace.client import Client


@pytest.fixture
def name() -> str:
    return f"team/{new_run_id()}"


def test_a_created_experiment_is_found_by_id_and_by_name(client: Client, name: str) -> None:
    found = client.experiments.get(client.experiments.create(name, tags={"stage": "prod", "year": 2026}))
    assert (found.name, found.lifecycle_stage) == (name, "active")
    assert {tag.key: tag.value for tag in found.tags or ()} == {"stage": "prod", "year": "2026"}
    assert client.experiments.get_by_name(name) == found == client.experiments.find_by_name(name)


def test_a_name_is_given_once_even_after_deletion(client: Client, name: str) -> None:
    client.experiments.delete(client.experiments.create(name))
    with pytest.raises(AlreadyExists, match=name):
        client.experiments.create(name)


def test_find_answers_none_where_get_raises(client: Client, name: str) -> None:
    assert client.experiments.find_by_name(name) is None
    with pytest.raises(NotFound, match=name):
        client.experiments.get_by_name(name)
    with pytest.raises(NotFound, match="987654321"):
        client.experiments.get("987654321")


def test_an_id_must_be_a_number(client: Client) -> None:
    for call in (client.experiments.get, client.experiments.delete, client.experiments.restore):
        with pytest.raises(InvalidParameter, match="no-number"):
            call("no-number")


def test_a_location_that_leads_out_is_refused(client: Client, name: str) -> None:
    with pytest.raises(InvalidParameter, match="artifact_location"):
        client.experiments.create(name, artifact_location="mlflow-artifacts:/../x")


def test_search_goes_through_all_pages_in_order(client: Client, name: str) -> None:
    names = [f"{name}/{number}" for number in range(7)]
    for each in names:
        client.experiments.create(each)
    found = client.experiments.search(f"name LIKE '{name}/%'", ["name DESC"], page_size=2)
    assert [experiment.name for experiment in found] == names[::-1]


def test_search_begins_with_the_first_item(client: Client) -> None:
    search = client.experiments.search("nonsense here")
    with pytest.raises(InvalidParameter, match="nonsense"):
        next(search)


def test_an_order_that_is_one_text_is_refused(client: Client) -> None:
    with pytest.raises(InvalidParameter, match=r"\['name DESC'\]"):
        client.experiments.search(order_by="name DESC")


def test_page_sizes_are_checked(client: Client) -> None:
    for size in (0, -1, 50_001):
        with pytest.raises(InvalidParameter, match="max_results"):
            list(client.experiments.search(page_size=size))


def test_a_deleted_experiment_comes_back(client: Client, name: str) -> None:
    experiment_id = client.experiments.create(name)
    run_id = client.runs.create(experiment_id).info.run_id
    client.experiments.delete(experiment_id)
    assert not list(client.experiments.search(f"name = '{name}'"))
    assert [e.name for e in client.experiments.search(f"name = '{name}'", view=ViewType.DELETED_ONLY)] == [
        name
    ]
    assert client.runs.get(run_id).info.lifecycle_stage == "deleted"
    client.experiments.restore(experiment_id)
    assert client.experiments.get(experiment_id).lifecycle_stage == "active"
    with pytest.raises(NotFound):
        client.experiments.restore(experiment_id)


def test_rename_refuses_a_name_that_is_taken(client: Client, name: str) -> None:
    experiment_id = client.experiments.create(name)
    client.experiments.rename(experiment_id, f"{name}/new")
    assert client.experiments.get(experiment_id).name == f"{name}/new"
    with pytest.raises(AlreadyExists):
        client.experiments.rename(experiment_id, "Default")


def test_tags_are_set_and_deleted(client: Client, name: str) -> None:
    experiment_id = client.experiments.create(name)
    client.experiments.set_tag(experiment_id, "note", 3.5)
    assert [(tag.key, tag.value) for tag in client.experiments.get(experiment_id).tags or ()] == [
        ("note", "3.5")
    ]
    client.experiments.delete_tag(experiment_id, "note")
    with pytest.raises(NotFound, match="note"):
        client.experiments.delete_tag(experiment_id, "note")
    with pytest.raises(InvalidParameter):
        client.experiments.set_tag(experiment_id, "../x", "1")


def test_the_best_run_of_experiments_is_found(client: Client, name: str) -> None:
    number = client.experiments.create(name, tags={"owner": "ann"})
    run_id = client.runs.create(number, name="one").info.run_id
    client.runs.log_metric(run_id, "loss", 0.5)
    (found,) = client.experiments.best([number])
    assert (found.owner, found.best.run_id, found.best.value) == ("ann", run_id, 0.5)  # type: ignore[union-attr]
    with pytest.raises(InvalidParameter, match="at most 200"):
        client.experiments.best([number] * 201)


def test_an_overview_tells_how_many_runs_there_are(client: Client, name: str) -> None:
    number = client.experiments.create(name, tags={"stage": "prod"})
    first = client.runs.create(number, start_time=1000).info.run_id
    client.runs.create(number, start_time=5000)
    client.runs.finish(first)
    (found,) = client.experiments.overview(f"name = '{name}'", page_size=1)
    assert (found.experiment_id, found.runs, found.running, found.last_run_time) == (number, 2, 1, 5000)
    assert [(tag.key, tag.value) for tag in found.tags] == [("stage", "prod")]


def test_the_state_of_what_is_at_the_other_end(client: Client) -> None:
    state = client.server.state()
    assert state.version == client.server.version()
    assert state.experiments >= 1
    assert state.needs_token is False
