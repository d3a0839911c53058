"""Logged models through the client, over HTTP and in this process."""

from pathlib import Path

import pytest

from headrace.api.logged_models import LoggedModelOrder, LoggedModelStatus
from headrace.base.errors import InvalidParameter, NotFound
from headrace.base.ids import new_model_id, new_run_id
from headrace.client import Client


@pytest.fixture
def experiment_id(client: Client) -> str:
    return client.experiments.create(new_run_id())


def test_a_model_is_made_filled_and_finalized(client: Client, experiment_id: str, tmp_path: Path) -> None:
    model = client.models.create(
        experiment_id, name="tree", model_type="classifier", params={"depth": 3}, tags={"a": 1}
    )
    model_id = model.info.model_id
    assert (model.info.name, model.info.status) == ("tree", LoggedModelStatus.PENDING)
    source = tmp_path / "model"
    (source / "data").mkdir(parents=True)
    (source / "MLmodel").write_text("flavors: {}\n")
    (source / "data" / "weights.bin").write_bytes(bytes(100_000))
    assert client.models.upload(model_id, source) == ["MLmodel", "data/weights.bin"]
    assert client.models.finalize(model_id).info.status == LoggedModelStatus.READY
    files = client.models.list_artifacts(model_id)
    assert [(file.path, file.is_dir) for file in files] == [("MLmodel", False), ("data", True)]
    out = client.models.download(model_id, destination=tmp_path / "out")
    assert (out / "MLmodel").read_text() == "flavors: {}\n"
    assert (out / "data" / "weights.bin").read_bytes() == bytes(100_000)
    single = client.models.download(model_id, "data/weights.bin", tmp_path / "single")
    assert single.stat().st_size == 100_000


def test_params_and_tags_are_logged(client: Client, experiment_id: str) -> None:
    model_id = client.models.create(experiment_id).info.model_id
    params = {f"p{number}": number for number in range(150)}
    client.models.log_params(model_id, params)
    client.models.set_tags(model_id, {"a/b": 1, "c": 2})
    client.models.delete_tag(model_id, "a/b")
    found = client.models.get(model_id)
    assert {each.key: each.value for each in found.data.params or ()} == {
        k: str(v) for k, v in params.items()
    }
    assert {tag.key: tag.value for tag in found.info.tags or ()} == {"c": "2"}
    with pytest.raises(InvalidParameter, match="p7"):
        client.models.log_params(model_id, {"p7": "other"})
    with pytest.raises(NotFound):
        client.models.delete_tag(model_id, "a/b")


def test_search_goes_through_all_pages_in_order(client: Client, experiment_id: str) -> None:
    for number in range(5):
        client.models.create(experiment_id, name=f"m{number}", tags={"parity": number % 2})
    order = [LoggedModelOrder(field_name="name", ascending=False)]
    found = client.models.search([experiment_id], "tags.parity = '0'", order_by=order, page_size=2)
    assert [model.info.name for model in found] == ["m4", "m2", "m0"]
    with pytest.raises(InvalidParameter):
        list(client.models.search([experiment_id], "nonsense"))
    with pytest.raises(InvalidParameter, match="give a list"):
        client.models.search(experiment_id)


def test_a_deleted_model_is_gone(client: Client, experiment_id: str) -> None:
    model_id = client.models.create(experiment_id).info.model_id
    client.models.delete(model_id)
    with pytest.raises(NotFound, match=model_id):
        client.models.get(model_id)


def test_an_unknown_model_is_not_found(client: Client, tmp_path: Path) -> None:
    absent = new_model_id()
    for call in (
        client.models.get,
        client.models.delete,
        client.models.finalize,
        client.models.list_artifacts,
    ):
        with pytest.raises(NotFound, match=absent):
            call(absent)
    with pytest.raises(NotFound, match=absent):
        client.models.download(absent, "x", tmp_path)


@pytest.mark.parametrize("model_id", ["", ".", "..", "a/b", "../../x"])
def test_what_is_no_id_reaches_no_other_call(client: Client, model_id: str) -> None:
    with pytest.raises((InvalidParameter, NotFound)):
        client.models.get(model_id)
    with pytest.raises((InvalidParameter, NotFound)):
        client.models.delete(model_id)
