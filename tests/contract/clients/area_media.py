"""Figures, images and tables of clients that have matplotlib, Pillow and pandas."""

import json
import re
from pathlib import Path

import matplotlib as mpl
import mlflow
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from mlflow.tracking import MlflowClient
from peer import VERSION, Area, make_folder

PNG = b"\x89PNG\r\n"


def download(client: MlflowClient, run_id: str, path: str) -> bytes:
    """Return the content of one artifact."""
    return Path(client.download_artifacts(run_id, path, str(make_folder()))).read_bytes()


def check_pictures(area: Area, client: MlflowClient, run_id: str) -> None:
    figure, axes = plt.subplots()
    axes.plot([1, 2, 1])
    mlflow.log_figure(figure, "figures/one.png")
    area.true("a figure", download(client, run_id, "figures/one.png").startswith(PNG))
    mlflow.log_image(np.zeros((8, 8, 3), dtype=np.uint8), "image.png")
    area.true("an image", download(client, run_id, "image.png").startswith(PNG))
    mlflow.log_image(np.zeros((8, 8), dtype=np.uint8), key="steps", step=3)
    mlflow.flush_artifact_async_logging()
    paths = [file.path for file in client.list_artifacts(run_id, "images")]
    area.true("an image at a step", any(re.match(r"images/steps[%+]step[%+]3[%+]", path) for path in paths))
    area.true("it can be read", all(download(client, run_id, path) for path in paths))


def check_tables(area: Area, client: MlflowClient, run_id: str) -> None:
    mlflow.log_table({"q": ["a", "b"], "n": [1, 2]}, "table.json")
    mlflow.log_table(pd.DataFrame({"q": ["c"], "n": [3]}), "table.json")
    table = mlflow.load_table("table.json", run_ids=[run_id])
    area.equal(
        "a table that grew", [list(table["q"]), [int(n) for n in table["n"]]], [["a", "b", "c"], [1, 2, 3]]
    )
    note = json.loads(client.get_run(run_id).data.tags["mlflow.loggedArtifacts"])
    area.equal("the run's note of it", note, [{"path": "table.json", "type": "table"}])


def check_stream(area: Area, client: MlflowClient, run_id: str) -> None:
    if VERSION < (3, 0):
        area.leave_out("log_stream")
        return
    source = make_folder() / "source"
    source.write_bytes(b"streamed")
    with source.open("rb") as stream:
        mlflow.log_stream(stream, "stream.bin")
    area.equal("a stream", download(client, run_id, "stream.bin"), b"streamed")


def main() -> None:
    mpl.use("Agg")
    area = Area("media")
    client = MlflowClient()
    mlflow.set_experiment(area.unique)
    with mlflow.start_run() as run:
        check_pictures(area, client, run.info.run_id)
        check_tables(area, client, run.info.run_id)
        check_stream(area, client, run.info.run_id)
    area.finish()


if __name__ == "__main__":
    main()
