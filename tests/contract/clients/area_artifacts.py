"""Artifacts through the server's proxy: text, dicts, files, folders, figures, images, tables; list, load, download."""

import json
import os
import tempfile

import mlflow
from mlflow.tracking import MlflowClient
from peer import VERSION, Area, has


def _download(client, run_id, path):
    folder = tempfile.mkdtemp()
    local = client.download_artifacts(run_id, path, folder)
    with open(local, "rb") as file:
        return file.read()


def check_texts(area, client, run_id):
    mlflow.log_text("hällo\n", "note.txt")
    mlflow.log_dict({"a": [1, None]}, "deep/er/data.json")
    mlflow.log_dict({"b": 2}, "data.yaml")
    area.equal("text", _download(client, run_id, "note.txt").decode("utf-8"), "hällo\n")
    area.equal("json", json.loads(_download(client, run_id, "deep/er/data.json").decode()), {"a": [1, None]})
    area.equal("yaml", _download(client, run_id, "data.yaml"), b"b: 2\n")
    client.log_text(run_id, "again", "note.txt")
    area.equal("written over", _download(client, run_id, "note.txt"), b"again")


def check_files(area, client, run_id):
    folder = tempfile.mkdtemp()
    content = os.urandom(3 * 1024 * 1024 + 17)
    for name in ("model.bin", "sub/one.txt", "sub/sub/two ü.txt", "empty"):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if name == "model.bin" else b"" if name == "empty" else name.encode())
    mlflow.log_artifact(os.path.join(folder, "model.bin"), "single")
    mlflow.log_artifacts(folder, "whole")
    area.true("three megabytes", _download(client, run_id, "single/model.bin") == content)
    area.equal(
        "a name with blank",
        _download(client, run_id, "whole/sub/sub/two ü.txt"),
        "sub/sub/two ü.txt".encode(),
    )
    area.equal("an empty file", _download(client, run_id, "whole/empty"), b"")
    listed = [(f.path, f.is_dir, f.file_size) for f in client.list_artifacts(run_id, "whole")]
    expected = [
        ("whole/empty", False, 0),
        ("whole/model.bin", False, len(content)),
        ("whole/sub", True, None),
    ]
    area.equal("list", sorted(listed), expected) if listed[0][2] is not None else area.equal(
        "list", sorted(path for path, _, _ in listed), [path for path, _, _ in expected]
    )
    roots = {f.path for f in client.list_artifacts(run_id)}
    area.true("list of the root", {"note.txt", "deep", "single", "whole"} <= roots)
    area.equal("list of nothing", list(client.list_artifacts(run_id, "none")), [])
    local = client.download_artifacts(run_id, "whole", tempfile.mkdtemp())
    got = sorted(
        os.path.relpath(os.path.join(at, f), local) for at, _, files in os.walk(local) for f in files
    )
    area.equal("a folder comes down whole", got, ["empty", "model.bin", "sub/one.txt", "sub/sub/two ü.txt"])


def check_fluent(area, run_id):
    if VERSION >= (2, 0):
        path = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="note.txt")
        with open(path) as file:
            area.equal("download_artifacts", file.read(), "again")
        area.equal("load_text", mlflow.artifacts.load_text("runs:/%s/note.txt" % run_id), "again")
        loaded = mlflow.artifacts.load_dict("runs:/%s/deep/er/data.json" % run_id)
        area.equal("load_dict", loaded, {"a": [1, None]})
        listed = mlflow.artifacts.list_artifacts(run_id=run_id, artifact_path="deep")
        area.equal("list_artifacts", [f.path for f in listed], ["deep/er"])
    else:
        area.leave_out("mlflow.artifacts")
    uri = mlflow.get_artifact_uri("x/y")
    area.true(
        "get_artifact_uri", uri.startswith("mlflow-artifacts:/") and uri.endswith(run_id + "/artifacts/x/y")
    )


def check_pictures(area, client, run_id):
    if has("matplotlib"):
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        figure, axes = pyplot.subplots()
        axes.plot([1, 2, 1])
        mlflow.log_figure(figure, "figure.png")
        area.true("figure", _download(client, run_id, "figure.png").startswith(b"\x89PNG"))
    else:
        area.leave_out("log_figure")
    if has("PIL", "numpy") and hasattr(mlflow, "log_image"):
        import numpy

        mlflow.log_image(numpy.zeros((8, 8, 3), dtype=numpy.uint8), "image.png")
        area.true("image", _download(client, run_id, "image.png").startswith(b"\x89PNG"))
        if VERSION >= (2, 12):
            mlflow.log_image(numpy.zeros((8, 8), dtype=numpy.uint8), key="steps", step=3)
            mlflow.flush_artifact_async_logging()
            paths = [f.path for f in client.list_artifacts(run_id, "images")]
            area.true("image at a step", any("steps" in path for path in paths))
    else:
        area.leave_out("log_image")
    if has("pandas") and hasattr(mlflow, "log_table"):
        mlflow.log_table({"q": ["a", "b"], "n": [1, 2]}, "table.json")
        mlflow.log_table({"q": ["c"], "n": [3]}, "table.json")
        table = mlflow.load_table("table.json", run_ids=[run_id])
        area.equal("table", list(table["q"]), ["a", "b", "c"])
    else:
        area.leave_out("log_table")


def check_deleting(area, run_id):
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository = get_artifact_repository(mlflow.get_run(run_id).info.artifact_uri)
    repository.delete_artifacts("single")
    area.equal("a folder is deleted", list(MlflowClient().list_artifacts(run_id, "single")), [])


def main():
    area = Area("artifacts")
    client = MlflowClient()
    mlflow.set_experiment(area.unique)
    with mlflow.start_run() as run:
        run_id = run.info.run_id
        check_texts(area, client, run_id)
        check_files(area, client, run_id)
        check_fluent(area, run_id)
        check_pictures(area, client, run_id)
        check_deleting(area, run_id)
    area.finish()


if __name__ == "__main__":
    main()
