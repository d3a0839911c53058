"""What a run was given and has made: datasets of all kinds and logged models arrive as they are described."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from headrace.api.inputs import DatasetInput
from headrace.base.errors import InvalidParameter
from headrace.client import Client
from headrace.client.entities import LoggedModelInput, LoggedModelOutput
from headrace.fluent.datasets.constructors import (
    from_arrow,
    from_files,
    from_folder,
    from_numpy,
    from_pandas,
    from_polars,
    get_source,
)
from headrace.fluent.inputs import log_input, log_inputs, log_outputs
from headrace.fluent.logging import log_metric
from headrace.fluent.runs import get_run, start_run
from headrace.fluent.state import flush_all

FRAME = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})


def read_inputs(client: Client, run_id: str) -> list[DatasetInput]:
    assert flush_all(20)
    inputs = client.runs.get(run_id).inputs
    return list(inputs.dataset_inputs or []) if inputs else []


def make_all(folder: Path) -> list[Any]:
    (folder / "data").mkdir()
    (folder / "data" / "a.csv").write_text("x,y\n1,2\n")
    return [
        from_pandas(FRAME, source="a.csv", targets="y", name="pandas"),
        from_numpy(FRAME.to_numpy(), source="https://host/a.npy", name="numpy"),
        from_polars(pl.DataFrame(FRAME), source="s3://bucket/a", name="polars"),
        from_arrow(pa.Table.from_pandas(FRAME), name="arrow"),
        from_files(folder / "data" / "a.csv", name="file"),
        from_files([folder / "data" / "a.csv"], name="files", source="s3://bucket/data"),
        from_folder(folder / "data", name="folder"),
    ]


def test_every_kind_of_dataset_arrives_as_it_is_described(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_CACHE_DIR", str(tmp_path / "cache"))
    datasets = make_all(tmp_path)
    with start_run() as run:
        for dataset in datasets:
            log_input(dataset)
    found = {one.dataset.name: one.dataset for one in read_inputs(client, run.run_id)}
    assert len(found) == len(datasets)
    for dataset in datasets:
        stored = found[dataset.name]
        told = {
            name: getattr(stored, name) or None
            for name in ("name", "digest", "source", "source_type", "schema", "profile")
        }
        assert told == dict.fromkeys(told) | dataset.to_dict()


def test_a_dataset_of_a_run_leads_back_to_its_files(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "a.csv").write_text("x\n1\n")
    with start_run() as run:
        log_input(from_files(tmp_path / "a.csv"))
    (used,) = get_run(run.run_id).inputs.dataset_inputs
    assert Path(get_source(used).load()).read_text() == "x\n1\n"
    told = json.loads(used.dataset.profile or "")
    assert told["files"]["a.csv"]["sha256"] == told["sha256"]
    assert told["sha256"].startswith(used.dataset.digest)


def test_what_an_input_is_for_is_a_tag_of_it(client: Client) -> None:
    dataset = from_pandas(FRAME, source="a")
    with start_run() as run:
        log_input(dataset, context="training", tags={"fold": 1})  # type: ignore[dict-item]
    (used,) = read_inputs(client, run.run_id)
    assert {tag.key: tag.value for tag in used.tags or []} == {"fold": "1", "mlflow.data.context": "training"}


def test_several_inputs_are_logged_at_once(client: Client) -> None:
    one, two = from_pandas(FRAME, source="a", name="one"), from_numpy(np.arange(3), source="b", name="two")
    with start_run() as run:
        log_inputs([one, None, two], ["training", None, None], [None, None, {"k": "v"}])
    found = {
        used.dataset.name: [(tag.key, tag.value) for tag in used.tags or []]
        for used in read_inputs(client, run.run_id)
    }
    assert found == {"one": [("mlflow.data.context", "training")], "two": [("k", "v")]}


@pytest.mark.parametrize(
    "lists",
    [
        ([FRAME], [], []),
        ([None], ["training"], [None]),
        ([None], [None], [{"a": "b"}]),
        ([FRAME], [None], [None]),
        (["text"], [None], [None]),
    ],
    ids=["lengths", "context of nothing", "tags of nothing", "a frame", "text"],
)
def test_what_does_not_fit_is_refused(client: Client, lists: Any) -> None:
    with start_run() as run, pytest.raises(InvalidParameter):
        log_inputs(*lists)
    assert read_inputs(client, run.run_id) == []


def test_models_are_inputs_and_outputs(client: Client) -> None:
    model = client.models.create("0", name="tree")
    with start_run() as run:
        log_input(model=LoggedModelInput(model.info.model_id))
        log_inputs(models=[LoggedModelInput(model.info.model_id)])
        log_outputs([LoggedModelOutput(model.info.model_id, 3)])
        log_metric("at step 3", 1.0, step=3)
        log_metric("at step 4", 1.0, step=4)
    assert flush_all(20)
    stored = client.runs.get(run.run_id)
    assert stored.inputs
    assert stored.outputs
    assert [one.model_id for one in stored.inputs.model_inputs or []] == [model.info.model_id]
    assert [(one.model_id, one.step) for one in stored.outputs.model_outputs or []] == [
        (model.info.model_id, 3)
    ]
    measured = client.models.get(model.info.model_id).data.metrics or []
    assert [metric.key for metric in measured] == ["at step 3"]


def test_what_is_no_model_is_refused(uri: str) -> None:
    with start_run():
        for call in (
            lambda: log_input(model="m-1"),
            lambda: log_outputs(["m-1"]),
            lambda: log_inputs(models=[5]),
        ):
            with pytest.raises(InvalidParameter, match="no logged model"):
                call()


def test_a_run_that_is_not_active_can_be_given_inputs(client: Client) -> None:
    with start_run() as run:
        pass
    assert flush_all(20)
    log_input(from_pandas(FRAME, source="a"), run_id=run.run_id)
    assert len(read_inputs(client, run.run_id)) == 1


def test_nothing_heavy_is_loaded_for_text(script: Any) -> None:
    ran = script(
        """
        import sys
        from headrace.fluent.artifacts import log_text
        from headrace.fluent.inputs import log_input
        from headrace.fluent.media import Image, log_image
        from headrace.fluent.tables import log_table
        from headrace.fluent.artifact_reads import download_artifacts
        print(sorted({"numpy", "pandas", "PIL", "matplotlib", "polars", "pyarrow", "urllib3"} & sys.modules.keys()))
        """,
        **{name: value for name, value in os.environ.items() if name.startswith("MLFLOW")},
    )
    assert ran.stdout.strip() == "[]", ran.stderr
