"""Artifacts through the server's proxy: texts, files, folders, odd names; list, load, download, delete."""

import json
import os
from pathlib import Path

import mlflow
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient
from peer import VERSION, Area, make_folder

# No `#`, `?` and `%41` in these: the clients put a name into the address as it is.
ODD_NAMES = (
    "a blank.txt",
    "päth 値/ünï 値.txt",
    "plus+and&equals=.txt",
    "100%.txt",
    "semi;colon,comma.txt",
    "(brackets)[x]{y}.txt",
    "quote'~@!$.txt",
    ".hidden",
    "no_extension",
    "dots...txt",
)


def download(client: MlflowClient, run_id: str, path: str) -> bytes:
    """Return the content of one artifact."""
    return Path(client.download_artifacts(run_id, path, str(make_folder()))).read_bytes()


def check_texts(area: Area, client: MlflowClient, run_id: str) -> None:
    mlflow.log_text("hällo\n", "note.txt")
    mlflow.log_dict({"a": [1, None]}, "deep/er/data.json")
    mlflow.log_dict({"b": 2}, "data.yaml")
    area.equal("text", download(client, run_id, "note.txt").decode("utf-8"), "hällo\n")
    area.equal("json", json.loads(download(client, run_id, "deep/er/data.json")), {"a": [1, None]})
    area.equal("yaml", download(client, run_id, "data.yaml"), b"b: 2\n")
    client.log_text(run_id, "again", "note.txt")
    area.equal("written over", download(client, run_id, "note.txt"), b"again")


def check_files(area: Area, client: MlflowClient, run_id: str) -> None:
    folder = make_folder()
    big = os.urandom(3 * 1024 * 1024 + 17)
    files = {"model.bin": big, "sub/one.txt": b"one", "sub/sub/two.txt": b"two", "empty": b""}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    mlflow.log_artifact(str(folder / "model.bin"), "single")
    mlflow.log_artifact(str(folder / "sub"), "folder")
    mlflow.log_artifacts(str(folder), "whole")
    client.log_artifact(run_id, str(folder / "empty"))
    area.true("three megabytes", download(client, run_id, "single/model.bin") == big)
    area.equal("a folder as one artifact", download(client, run_id, "folder/sub/sub/two.txt"), b"two")
    area.equal("an empty file", download(client, run_id, "empty"), b"")
    listed = [(file.path, file.is_dir, file.file_size) for file in client.list_artifacts(run_id, "whole")]
    if listed[0][2] is None:  # the real server says no size of an empty file
        listed[0] = ("whole/empty", False, 0)
    expected = [("whole/empty", False, 0), ("whole/model.bin", False, len(big)), ("whole/sub", True, None)]
    area.equal("list", listed, expected)
    roots = [file.path for file in client.list_artifacts(run_id)]
    expected_roots = ["data.yaml", "deep", "empty", "folder", "note.txt", "single", "whole"]
    area.equal("list of the root", roots, expected_roots)
    area.equal("list of nothing", list(client.list_artifacts(run_id, "none")), [])
    area.equal("list of a file", list(client.list_artifacts(run_id, "whole/model.bin")), [])
    local = Path(client.download_artifacts(run_id, "whole", str(make_folder())))
    got = {
        file.relative_to(local).as_posix(): file.read_bytes() for file in local.rglob("*") if file.is_file()
    }
    area.true("a folder comes down whole", got == files)


def check_odd_names(area: Area, client: MlflowClient, run_id: str) -> None:
    folder = make_folder()
    for name in ODD_NAMES:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name, "utf-8")
    mlflow.log_artifacts(str(folder), "odd")
    listed = [file.path for file in client.list_artifacts(run_id, "odd")]
    area.equal("odd names", listed, sorted(f"odd/{name.partition('/')[0]}" for name in ODD_NAMES))
    for name in ODD_NAMES:
        area.equal(name, download(client, run_id, f"odd/{name}").decode(), name)


def check_fluent(area: Area, run_id: str) -> None:
    uri = mlflow.get_artifact_uri("x/y")
    area.true(
        "get_artifact_uri", uri.startswith("mlflow-artifacts:/") and uri.endswith(f"{run_id}/artifacts/x/y")
    )
    if VERSION < (2, 0):
        area.leave_out("mlflow.artifacts")
        return
    artifacts = mlflow.artifacts
    path = artifacts.download_artifacts(run_id=run_id, artifact_path="note.txt", dst_path=str(make_folder()))
    area.equal("download_artifacts", Path(path).read_text("utf-8"), "again")
    area.equal("load_text", artifacts.load_text(f"runs:/{run_id}/note.txt"), "again")
    area.equal("load_dict", artifacts.load_dict(f"runs:/{run_id}/deep/er/data.json"), {"a": [1, None]})
    listed = artifacts.list_artifacts(run_id=run_id, artifact_path="deep")
    area.equal("list_artifacts", [file.path for file in listed], ["deep/er"])
    by_uri = artifacts.list_artifacts(artifact_uri=f"runs:/{run_id}/deep/er")
    area.equal("list_artifacts of an address", [file.file_size is not None for file in by_uri], [True])


def check_deleting(area: Area, client: MlflowClient, run_id: str) -> None:
    repository = get_artifact_repository(client.get_run(run_id).info.artifact_uri)
    repository.delete_artifacts("single")
    area.equal("a folder is deleted", list(client.list_artifacts(run_id, "single")), [])
    repository.delete_artifacts("whole/model.bin")
    left = [file.path for file in client.list_artifacts(run_id, "whole")]
    area.equal("a file is deleted", left, ["whole/empty", "whole/sub"])


def main() -> None:
    area = Area("artifacts")
    client = MlflowClient()
    mlflow.set_experiment(area.unique)
    with mlflow.start_run() as run:
        run_id = run.info.run_id
        check_texts(area, client, run_id)
        check_files(area, client, run_id)
        check_odd_names(area, client, run_id)
        check_fluent(area, run_id)
        check_deleting(area, client, run_id)
    area.finish()


if __name__ == "__main__":
    main()
