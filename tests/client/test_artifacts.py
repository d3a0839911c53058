"""Artifacts of runs through the client, over HTTP and in this process."""

import os
import tracemalloc
from pathlib import Path

import pytest

from headrace.base.errors import InvalidParameter, NotFound
from headrace.base.ids import new_run_id
from headrace.client import Client


@pytest.fixture
def run_id(client: Client) -> str:
    return client.runs.create("0").info.run_id


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with files in it, and names that need care."""
    folder = tmp_path / "source"
    (folder / "plots" / "deep er").mkdir(parents=True)
    (folder / "report.txt").write_text("done\n", "utf-8")
    (folder / "plots" / "a+b %41 ü#?.png").write_bytes(bytes(range(256)))
    (folder / "plots" / "deep er" / "empty").touch()
    return folder


def _read(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


def test_a_folder_comes_back_as_it_was(client: Client, run_id: str, source: Path, tmp_path: Path) -> None:
    names = client.artifacts.upload(run_id, source, "in")
    assert names == ["in/report.txt", "in/plots/a+b %41 ü#?.png", "in/plots/deep er/empty"]
    out = client.artifacts.download(run_id, "in", tmp_path / "out")
    assert out == tmp_path / "out" / "in"
    assert _read(out) == _read(source)
    whole = client.artifacts.download(run_id, destination=tmp_path / "whole")
    assert _read(whole / "in") == _read(source)


def test_a_file_keeps_its_name(client: Client, run_id: str, source: Path, tmp_path: Path) -> None:
    assert client.artifacts.upload(run_id, source / "report.txt") == ["report.txt"]
    assert client.artifacts.upload(run_id, str(source / "report.txt"), "a/b") == ["a/b/report.txt"]
    out = client.artifacts.download(run_id, "a/b/report.txt", tmp_path)
    assert out == tmp_path / "a" / "b" / "report.txt"
    assert out.read_text() == "done\n"


def test_list_shows_one_level(client: Client, run_id: str, source: Path) -> None:
    client.artifacts.upload(run_id, source)
    assert [(file.path, file.is_dir) for file in client.artifacts.list(run_id)] == [
        ("plots", True),
        ("report.txt", False),
    ]
    inner = client.artifacts.list(run_id, "plots")
    assert [(file.path, file.file_size or None) for file in inner] == [
        ("plots/a+b %41 ü#?.png", 256),
        ("plots/deep er", None),
    ]
    assert client.artifacts.list(run_id, "report.txt") == []


def test_a_file_is_replaced_by_the_next_upload(
    client: Client, run_id: str, source: Path, tmp_path: Path
) -> None:
    client.artifacts.upload(run_id, source / "report.txt")
    (source / "report.txt").write_text("more")
    client.artifacts.upload(run_id, source / "report.txt")
    for _ in range(2):
        assert client.artifacts.download(run_id, "report.txt", tmp_path).read_text() == "more"


def test_a_deleted_folder_is_gone(client: Client, run_id: str, source: Path, tmp_path: Path) -> None:
    client.artifacts.upload(run_id, source)
    client.artifacts.delete(run_id, "plots")
    client.artifacts.delete(run_id, "plots")
    assert [file.path for file in client.artifacts.list(run_id)] == ["report.txt"]
    with pytest.raises(NotFound):
        client.artifacts.download(run_id, "plots", tmp_path)


def test_the_root_is_not_deleted_by_an_empty_path(client: Client, run_id: str) -> None:
    with pytest.raises(InvalidParameter, match="path"):
        client.artifacts.delete(run_id, "")


@pytest.mark.parametrize("path", ["..", "../x", "/x", "a/../../x", "a\\b", "%2e%2e/x"])
def test_a_path_that_leads_out_is_refused(
    client: Client, run_id: str, source: Path, tmp_path: Path, path: str
) -> None:
    with pytest.raises(InvalidParameter):
        client.artifacts.upload(run_id, source, path)
    with pytest.raises(InvalidParameter):
        client.artifacts.download(run_id, path, tmp_path / "out")
    with pytest.raises(InvalidParameter):
        client.artifacts.list(run_id, path)
    with pytest.raises(InvalidParameter):
        client.artifacts.delete(run_id, path)
    assert not (tmp_path / "out").exists()


def test_a_missing_file_leaves_nothing_behind(client: Client, run_id: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        client.artifacts.download(run_id, "missing.bin", tmp_path / "out")
    assert _read(tmp_path / "out") == {}


def test_an_unknown_run_is_not_found(client: Client, source: Path, tmp_path: Path) -> None:
    absent = new_run_id()
    with pytest.raises(NotFound, match=absent):
        client.artifacts.upload(absent, source)
    with pytest.raises(NotFound, match=absent):
        client.artifacts.download(absent, "x", tmp_path)
    with pytest.raises(NotFound, match=absent):
        client.artifacts.list(absent)


def test_an_upload_needs_real_files(client: Client, run_id: str, source: Path) -> None:
    with pytest.raises(InvalidParameter, match="does not exist"):
        client.artifacts.upload(run_id, source / "missing")
    (source / "broken").symlink_to(source / "nowhere")
    with pytest.raises(InvalidParameter, match="no regular file"):
        client.artifacts.upload(run_id, source)
    assert client.artifacts.list(run_id) == []


def test_a_pipe_does_not_hang_an_upload(client: Client, run_id: str, source: Path) -> None:
    os.mkfifo(source / "pipe")
    with pytest.raises(InvalidParameter, match="no regular file"):
        client.artifacts.upload(run_id, source)


def test_artifacts_elsewhere_are_not_written_here(client: Client, source: Path) -> None:
    for location in ("s3://bucket/folder", "mlflow-artifacts://other.example:5000/1"):
        experiment_id = client.experiments.create(new_run_id(), artifact_location=location)
        run_id = client.runs.create(experiment_id).info.run_id
        with pytest.raises(InvalidParameter, match="not with"):
            client.artifacts.upload(run_id, source)


def test_large_files_pass_with_little_memory(client: Client, run_id: str, tmp_path: Path) -> None:
    size = 64 * 2**20
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(size)
    client.artifacts.list(run_id)  # what is loaded at first use does not count
    tracemalloc.start()
    try:
        client.artifacts.upload(run_id, tmp_path / "large.bin")
        out = client.artifacts.download(run_id, "large.bin", tmp_path / "out")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert out.stat().st_size == size
    assert peak < 16 * 2**20


def test_the_head_of_a_table_and_an_address_to_show_a_file(
    client: Client, run_id: str, tmp_path: Path
) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,x\n2,y\n", "utf-8")
    client.artifacts.upload(run_id, table)
    head = client.artifacts.read_table_head(run_id, "table.csv", count=1)
    assert [(column.name, column.type) for column in head.columns] == [("a", "integer"), ("b", "text")]
    assert (head.rows, head.total_rows) == ([["1", "x"]], 2)
    shown = client.artifacts.preview(run_id, "table.csv")
    assert shown.path.startswith("preview/")
    assert shown.path.endswith("/table.csv")
    with pytest.raises(NotFound):
        client.artifacts.preview(run_id, "gone.csv")
