"""Files of a run: what is logged is there, under its name, and can be read back in every way."""

import io
import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from headrace.base.errors import BadRequest, InvalidParameter, NotFound, NotImplementedByServer
from headrace.client import Client
from headrace.fluent.artifact_reads import download_artifacts, list_artifacts, load_dict, load_text
from headrace.fluent.artifacts import (
    get_artifact_uri,
    log_artifact,
    log_artifacts,
    log_dict,
    log_stream,
    log_text,
)
from headrace.fluent.experiments import create_experiment
from headrace.fluent.runs import end_run, start_run
from headrace.fluent.state import flush_all


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "results"
    for name in ("f.txt", "sub/g.txt", "sub/deep/ü h.bin"):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return root


def walk(client: Client, run_id: str, path: str = "") -> list[str]:
    """Return the paths of all files of a run, as the server knows them."""
    assert flush_all(20)
    found: list[str] = []
    for info in client.artifacts.list(run_id, path):
        found += walk(client, run_id, info.path) if info.is_dir else [info.path]
    return found


def test_a_file_keeps_its_name(client: Client, folder: Path) -> None:
    with start_run() as run:
        log_artifact(str(folder / "f.txt"))
        log_artifact(str(folder / "f.txt"), "a/b")
    assert walk(client, run.run_id) == ["a/b/f.txt", "f.txt"]


def test_a_folder_keeps_its_name_and_its_content_can_be_logged_without(client: Client, folder: Path) -> None:
    with start_run() as run:
        log_artifact(f"{folder}/", "in")
        log_artifacts(str(folder), "all")
        log_artifacts(str(folder / "sub" / "deep"))
    names = ["f.txt", "sub/deep/ü h.bin", "sub/g.txt"]
    assert sorted(walk(client, run.run_id)) == sorted(
        [f"all/{name}" for name in names] + [f"in/results/{name}" for name in names] + ["ü h.bin"]
    )


def test_a_file_may_change_after_the_call(client: Client, folder: Path) -> None:
    with start_run() as run:
        log_artifact(str(folder / "f.txt"))
        (folder / "f.txt").write_text("changed")
        log_artifact(str(folder / "sub" / "g.txt"))
        (folder / "sub" / "g.txt").unlink()
    assert walk(client, run.run_id) == ["f.txt", "g.txt"]
    assert load_text(f"runs:/{run.run_id}/f.txt") == "f.txt"
    assert load_text(f"runs:/{run.run_id}/g.txt") == "sub/g.txt"


@pytest.mark.parametrize("name", ["x.json", "dir/x", "x.txt"])
def test_a_dictionary_is_json_by_default(uri: str, name: str) -> None:
    given = {"b": 1, "a": [1, 2], "ü": 2.5, "path": PurePosixPath("p")}
    with start_run() as run:
        log_dict(given, name)
    text = load_text(f"runs:/{run.run_id}/{name}")
    assert text == json.dumps(given, indent=2, default=str)
    assert load_dict(f"runs:/{run.run_id}/{name}") == given | {"path": "p"}


@pytest.mark.parametrize("name", ["x.yml", "dir/x.yaml"])
def test_a_dictionary_can_be_yaml(uri: str, name: str) -> None:
    given = {"b": 1, "a": [1, 2], "ü": {"x": None}}
    with start_run() as run:
        log_dict(given, name)
    text = load_text(f"runs:/{run.run_id}/{name}")
    assert yaml.safe_load(text) == given
    with pytest.raises(BadRequest, match="JSON"):
        load_dict(f"runs:/{run.run_id}/{name}")


def test_text_is_utf_8(uri: str) -> None:
    with start_run() as run:
        log_text("hé\r\nllo\n", "a/t.txt")
        log_stream(io.BytesIO(b"\xff\xfe"), "bytes")
    place = Path(download_artifacts(run_id=run.run_id, artifact_path="a/t.txt"))
    assert place.read_bytes() == "hé\r\nllo\n".encode()
    with pytest.raises(BadRequest, match="UTF-8"):
        load_text(f"runs:/{run.run_id}/bytes")


def test_a_stream_is_read_to_its_end(uri: str) -> None:
    content = bytes(range(256)) * 10_000
    with start_run() as run:
        log_stream(io.BytesIO(content), "big.bin")
        with pytest.raises(InvalidParameter, match="binary"):
            log_stream(io.StringIO("text"), "text.bin")
    assert Path(download_artifacts(run_id=run.run_id, artifact_path="big.bin")).read_bytes() == content
    assert [info.path for info in list_artifacts(run_id=run.run_id)] == ["big.bin"]


def test_the_last_file_of_a_name_counts(client: Client) -> None:
    with start_run() as run:
        for number in range(5):
            log_text(str(number), "./x/../n.txt")
    assert walk(client, run.run_id) == ["n.txt"]
    assert load_text(f"runs:/{run.run_id}/n.txt") == "4"


@pytest.mark.parametrize(
    "path", ["../x.txt", "/x.txt", "a/../../x", "", ".", "a\\..\\x", "%2e%2e/x", "C:/x", "a\0b"]
)
@pytest.mark.parametrize(
    "call",
    [
        lambda path: log_text("x", path),
        lambda path: log_dict({}, path),
        lambda path: log_stream(io.BytesIO(b"x"), path),
    ],
    ids=["text", "dict", "stream"],
)
def test_a_path_that_leads_elsewhere_is_refused_at_once(
    uri: str, path: str, call: Callable[[str], None]
) -> None:
    with start_run() as run, pytest.raises(InvalidParameter, match="artifact path"):
        call(path)
    assert list_artifacts(run_id=run.run_id) == []


def test_nothing_of_a_folder_is_logged_if_a_name_is_not_allowed(uri: str, folder: Path) -> None:
    (folder / "z\\..\\x").touch()
    with start_run() as run, pytest.raises(InvalidParameter):
        log_artifacts(str(folder))
    with pytest.raises(InvalidParameter):
        log_artifact(str(folder), "../x", run_id=run.run_id)
    assert list_artifacts(run_id=run.run_id) == []


def test_what_is_not_there_is_named(uri: str, folder: Path) -> None:
    (folder / "broken").symlink_to("nowhere")
    with start_run():
        for call in (log_artifact, log_artifacts):
            with pytest.raises(FileNotFoundError, match="nowhere"):
                call(str(folder / "nowhere"))
        with pytest.raises(FileNotFoundError, match="log_artifact"):
            log_artifacts(str(folder / "f.txt"))
        with pytest.raises(InvalidParameter, match="broken"):
            log_artifacts(str(folder))


def test_a_run_that_is_not_active_can_be_written_to(client: Client, folder: Path) -> None:
    with start_run() as first:
        pass
    log_text("x", "t.txt", run_id=first.run_id)
    log_artifact(str(folder / "f.txt"), run_id=first.run_id)
    log_artifacts(str(folder / "sub"), run_id=first.run_id)
    log_dict({}, "d.json", run_id=first.run_id)
    log_stream(io.BytesIO(), "s", run_id=first.run_id)
    assert walk(client, first.run_id) == ["d.json", "deep/ü h.bin", "f.txt", "g.txt", "s", "t.txt"]
    with pytest.raises(NotFound):
        log_text("x", "t.txt", run_id="0" * 32)


def test_a_run_is_started_if_there_is_none(client: Client) -> None:
    log_text("x", "t.txt")
    root = get_artifact_uri()
    assert get_artifact_uri("a/b.txt") == f"{root}/a/b.txt"
    end_run()
    assert flush_all(20)
    (run,) = client.runs.search(["0"], f"attributes.artifact_uri = '{root}'")
    assert walk(client, run.info.run_id) == ["t.txt"]


@pytest.fixture
def logged(uri: str, folder: Path) -> str:
    """The id of a run with files."""
    with start_run() as run:
        log_artifacts(str(folder), "a/b")
        log_text("root", "r.txt")
    assert flush_all(20)
    return run.run_id


def test_folders_are_listed_one_at_a_time(logged: str) -> None:
    def listed(**where: Any) -> list[tuple[str, bool, int | None]]:
        return [(info.path, info.is_dir, info.file_size) for info in list_artifacts(**where)]

    assert listed(run_id=logged) == [("a", True, None), ("r.txt", False, 4)]
    assert listed(run_id=logged, artifact_path="a/b") == [("a/b/f.txt", False, 5), ("a/b/sub", True, None)]
    assert listed(artifact_uri=f"runs:/{logged}/a") == [("a/b", True, None)]
    assert listed(artifact_uri=f"runs:/{logged}") == listed(run_id=logged)
    assert listed(run_id=logged, artifact_path="r.txt") == []
    assert listed(run_id=logged, artifact_path="nope") == []


def test_a_download_is_put_under_its_own_name(logged: str, tmp_path: Path) -> None:
    place = tmp_path / "x" / "y"
    assert download_artifacts(run_id=logged, artifact_path="a/b", dst_path=str(place)) == str(place / "b")
    assert (place / "b" / "sub" / "g.txt").read_text() == "sub/g.txt"
    assert download_artifacts(artifact_uri=f"runs:/{logged}/a/b/f.txt", dst_path=str(place)) == str(
        place / "f.txt"
    )
    assert download_artifacts(run_id=logged, dst_path=str(place / "all")) == str(place / "all")
    assert (place / "all" / "a" / "b" / "sub" / "deep" / "ü h.bin").exists()
    assert Path(download_artifacts(run_id=logged, artifact_path="a/b/sub")).name == "sub"


def test_what_is_not_there_cannot_be_downloaded(logged: str, tmp_path: Path) -> None:
    for where in (
        {"run_id": logged, "artifact_path": "nope"},
        {"artifact_uri": f"runs:/{logged}/a/nope"},
        {"artifact_uri": str(tmp_path / "nope")},
        {"run_id": "0" * 32},
        {"artifact_uri": "models:/m-0123456789abcdef0123456789abcdef"},
    ):
        with pytest.raises(NotFound):
            download_artifacts(**where)
    with pytest.raises(NotFound, match="models:/m-123"):
        download_artifacts("m-123")


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"run_id": "a", "artifact_uri": "b"},
        {"artifact_uri": "a", "artifact_path": "b"},
        {"artifact_uri": "runs:/"},
        {"artifact_uri": "runs://x/y"},
        {"run_id": "a", "artifact_path": "../x"},
    ],
)
def test_arguments_that_contradict_each_other_are_refused(uri: str, where: dict[str, str]) -> None:
    for call in (download_artifacts, list_artifacts):
        with pytest.raises(InvalidParameter):
            call(**where)


@pytest.mark.parametrize("address", ["s3://bucket/x", "dbfs:/x", "models:/name/1", "s3x://a/b"])
def test_a_place_that_is_not_in_reach_is_named(uri: str, address: str) -> None:
    with pytest.raises(NotImplementedByServer, match=address):
        download_artifacts(address)


def test_what_lies_here_is_not_copied_without_need(uri: str, folder: Path, tmp_path: Path) -> None:
    assert download_artifacts(str(folder)) == str(folder)
    assert download_artifacts((folder / "f.txt").as_uri()) == str(folder / "f.txt")
    copied = Path(download_artifacts(str(folder), dst_path=str(tmp_path / "copy")))
    assert (copied / "sub" / "g.txt").read_text() == "sub/g.txt"
    assert [(info.path, info.is_dir) for info in list_artifacts(str(folder))] == [
        ("f.txt", False),
        ("sub", True),
    ]


def test_a_run_may_keep_its_files_in_a_folder_of_this_machine(uri: str, folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "own artifacts"
    number = (
        create_experiment("own", artifact_location=str(root))
        if uri.startswith("sqlite")
        else create_experiment(f"own {tmp_path}", artifact_location=str(root))
    )
    with start_run(experiment_id=number) as run:
        log_artifacts(str(folder), "a")
    assert flush_all(20)
    assert [info.path for info in list_artifacts(run_id=run.run_id, artifact_path="a")] == [
        "a/f.txt",
        "a/sub",
    ]
    place = Path(download_artifacts(run_id=run.run_id, artifact_path="a/f.txt"))
    assert place.is_relative_to(root)
    assert place.read_text() == "f.txt"


def test_artifacts_can_be_read_by_the_address_of_their_root(
    logged: str, uri: str, client: Client, tmp_path: Path
) -> None:
    root = client.runs.get(logged).info.artifact_uri
    assert root.startswith("mlflow-artifacts:/")
    assert load_text(f"{root}/r.txt") == "root"
    assert [info.path.rpartition("/")[2] for info in list_artifacts(f"{root}/a/b")] == ["f.txt", "sub"]
    if uri.startswith("http"):
        path = root.removeprefix("mlflow-artifacts:/")
        assert load_text(f"{uri}/api/2.0/mlflow-artifacts/artifacts/{path}/r.txt") == "root"


def test_a_file_of_the_web_is_downloaded(server: Any, uri: str, tmp_path: Path) -> None:
    place = download_artifacts(f"{server.url}/version?x=1", dst_path=str(tmp_path / "web"))
    assert Path(place) == tmp_path / "web" / "version"
    assert Path(place).read_text()
    with pytest.raises(NotFound):
        download_artifacts(f"{server.url}/no/such/page")


def test_a_logged_model_is_found_under_its_name_in_its_run(logged: str, client: Client, folder: Path) -> None:
    model = client.models.create(
        client.runs.get(logged).info.experiment_id, name="tree", source_run_id=logged
    )
    client.models.upload(model.info.model_id, folder, "inner")
    assert [info.path for info in list_artifacts(run_id=logged, artifact_path="tree")] == ["tree/inner"]
    place = Path(download_artifacts(f"runs:/{logged}/tree"))
    assert place.name == "tree"
    assert (place / "inner" / "f.txt").read_text() == "f.txt"
    assert load_text(f"models:/{model.info.model_id}/inner/f.txt") == "f.txt"
    assert load_text(f"runs:/{logged}/tree/inner/sub/g.txt") == "sub/g.txt"


def test_another_server_can_be_read_from(
    server: Any, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_run() as run:
        log_text("x", "t.txt")
    assert flush_all(20)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path.as_posix()}/other.db")
    with pytest.raises(NotFound):
        list_artifacts(run_id=run.run_id)
    assert [info.path for info in list_artifacts(run_id=run.run_id, tracking_uri=uri)] == ["t.txt"]
    assert (
        Path(download_artifacts(run_id=run.run_id, artifact_path="t.txt", tracking_uri=uri)).read_text()
        == "x"
    )
