"""Tables of a run: rows that come together from many calls, processes and runs, also where no server answers."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from headrace.base.errors import InvalidParameter, NotFound, Unavailable
from headrace.client import connect
from headrace.fluent.artifact_reads import download_artifacts, list_artifacts, load_dict
from headrace.fluent.experiments import set_experiment
from headrace.fluent.media import Image
from headrace.fluent.runs import end_run, get_run, start_run
from headrace.fluent.state import flush_all
from headrace.fluent.tables import load_table, log_table
from serving import start_server

NOTE = "mlflow.loggedArtifacts"


@pytest.mark.parametrize("name", ["table.json", "dir/table.parquet"])
def test_rows_come_together(uri: str, name: str) -> None:
    with start_run() as run:
        log_table({"q": ["a", "b"], "n": [1, 2]}, name)
        log_table(pd.DataFrame({"q": ["c"], "n": [3]}), name)
        log_table({"q": "d", "n": 4}, name)
    table = load_table(name, run_ids=[run.run_id])
    assert table.to_dict("list") == {"q": ["a", "b", "c", "d"], "n": [1, 2, 3, 4]}
    assert json.loads(get_run(run.run_id).data.tags[NOTE]) == [{"path": name, "type": "table"}]


def test_the_file_is_what_mlflow_reads(uri: str) -> None:
    with start_run() as run:
        log_table(pd.DataFrame({"t": pd.to_datetime(["2026-01-02"]), "x": [1.5], "s": ["ü"]}), "t.json")
    assert load_dict(f"runs:/{run.run_id}/t.json") == {
        "columns": ["t", "x", "s"],
        "data": [["2026-01-02T00:00:00.000", 1.5, "ü"]],
    }


def test_several_tables_are_noted_once_each(uri: str) -> None:
    with start_run() as run:
        for name in ("a.json", "b.json", "a.json"):
            log_table({"x": [1]}, name)
    noted = json.loads(get_run(run.run_id).data.tags[NOTE])
    assert noted == [{"path": "a.json", "type": "table"}, {"path": "b.json", "type": "table"}]


def test_threads_add_to_one_table(uri: str) -> None:
    with start_run() as run, ThreadPoolExecutor(4) as pool:
        [*pool.map(lambda number: log_table({"x": [number]}, "t.json", run_id=run.run_id), range(12))]
    assert sorted(load_table("t.json", run_ids=[run.run_id])["x"].tolist()) == [*range(12)]


def test_another_process_adds_to_what_is_there(uri: str, script: Any) -> None:
    with start_run() as run:
        log_table({"x": [1]}, "t.json")
    assert flush_all(20)
    ran = script(
        """
        import sys
        from headrace.fluent.runs import start_run
        from headrace.fluent.tables import log_table
        log_table({"x": [2]}, "t.json", run_id=sys.argv[1])
        with start_run(run_id=sys.argv[1]):
            log_table({"x": [3]}, "t.json")
        """,
        run.run_id,
    )
    assert ran.returncode == 0, ran.stderr
    assert load_table("t.json", run_ids=[run.run_id])["x"].tolist() == [1, 2, 3]


def test_images_become_files_of_their_own(uri: str) -> None:
    image = Image(np.zeros((30, 60, 3), dtype=np.uint8))
    frame = pd.DataFrame({"q": ["a", "b"], "image": [image, image]})
    with start_run() as run:
        log_table(frame, "dir/t.json")
    assert frame["image"].tolist() == [image, image]
    cells = load_table("dir/t.json", run_ids=[run.run_id])["image"].tolist()
    assert [cell["type"] for cell in cells] == ["image", "image"]
    for cell in cells:
        assert cell["filepath"].startswith("table_images/dir/t/")
        assert Path(download_artifacts(run_id=run.run_id, artifact_path=cell["filepath"])).suffix == ".png"
        assert (
            Path(download_artifacts(run_id=run.run_id, artifact_path=cell["compressed_filepath"])).suffix
            == ".webp"
        )
    assert len(list_artifacts(run_id=run.run_id, artifact_path="table_images/dir/t")) == 4


def test_a_column_of_images_and_other_things_is_refused(uri: str) -> None:
    image = Image(np.zeros((2, 2), dtype=np.uint8))
    with start_run() as run, pytest.raises(ValueError, match="mix of images"):
        log_table({"x": [image, "text"]}, "t.json")
    assert list_artifacts(run_id=run.run_id) == []


@pytest.mark.parametrize("name", ["t.csv", "t", "a,b.json", "a:b.json", "{a}.json", "'.json"])
def test_a_name_that_does_not_fit_is_refused(uri: str, name: str) -> None:
    with start_run(), pytest.raises(ValueError, match=r"extension|forbidden"):
        log_table({"x": [1]}, name)


@pytest.mark.parametrize("data", [5, "text", [[1]], None])
def test_what_is_no_table_is_refused(uri: str, data: Any) -> None:
    with start_run(), pytest.raises(InvalidParameter, match="data must be"):
        log_table(data, "t.json")


def test_what_cannot_be_written_is_refused(uri: str) -> None:
    looped: list[Any] = []
    looped.append(looped)
    with start_run() as run, pytest.raises(InvalidParameter, match=r"t\.json"):
        log_table(pd.DataFrame({"x": [looped]}, dtype=object), "t.json")
    assert list_artifacts(run_id=run.run_id) == []


def test_tables_of_many_runs_come_as_one_frame(uri: str) -> None:
    set_experiment(f"tables {np.random.default_rng().integers(2**60)}")
    from headrace.fluent.logging import log_param

    ids = []
    for number in range(5):
        with start_run() as run:
            log_param("lr", number)
            log_table({"x": [number, number], "run_id": ["own", "own"]}, "t.json")
            ids.append(run.run_id)
    with start_run():
        log_table({"x": [99]}, "other.json")
    table = load_table("t.json", extra_columns=["run_id", "params.lr"])
    assert sorted(table["x"].tolist()) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert set(table["run_id"]) == {"own"}
    assert {(x, found) for x, found in zip(table["x"], table["run_id_"], strict=True)} == set(enumerate(ids))
    assert (table["params.lr"].astype(int) == table["x"]).all()
    assert sorted(load_table("t.json", run_ids=ids[:2])["x"].tolist()) == [0, 0, 1, 1]
    with pytest.raises(NotFound, match="No runs found"):
        load_table("nope.json")
    with pytest.raises(InvalidParameter, match="nope"):
        load_table("t.json", extra_columns=["nope"])


def test_rows_are_kept_while_no_server_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with start_server(tmp_path / "server") as first:
        port, url = first.port, first.url
    monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    run = start_run()
    for number in range(3):
        log_table({"x": [number]}, "t.json")
    log_table({"y": [1]}, "other.json")
    end_run()
    with start_server(tmp_path / "server", port=port):
        assert flush_all(40)
        assert load_table("t.json", run_ids=[run.run_id])["x"].tolist() == [0, 1, 2]
        noted = json.loads(get_run(run.run_id).data.tags[NOTE])
        assert [entry["path"] for entry in noted] == ["t.json", "other.json"]


def test_rows_that_may_be_elsewhere_are_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with start_server(tmp_path / "server") as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        with start_run() as first:
            log_table({"x": [1]}, "t.json")
        assert flush_all(20)
        start_run(run_id=first.run_id)
        port = server.port
    with pytest.raises(Unavailable, match=r"No rows were added to the table 't\.json'"):
        log_table({"x": [2]}, "t.json")
    with start_server(tmp_path / "server", port=port) as server:
        assert load_table("t.json", run_ids=[first.run_id])["x"].tolist() == [1]
        with connect(server.url) as client:
            assert len(client.artifacts.list(first.run_id)) == 1
