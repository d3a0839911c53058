"""Data in and out: datasets, files and folders, tables, images, figures, and reading them back."""

import json
import os
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd

BEGIN_MS = 1_700_000_000_000
seen = {}
mlflow.set_experiment("data")
Path("folder/deep").mkdir(parents=True)
Path("folder/one.txt").write_text("one", "utf-8")
Path("folder/deep/two.bin").write_bytes(bytes(range(256)))
Path("single.csv").write_text("a,b\n1,2\n", "utf-8")

frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "n": [1, 2, 3], "label": ["a", "b", "c"]})
with mlflow.start_run(run_name="data") as run:
    mlflow.log_input(
        mlflow.data.from_pandas(frame, source="https://example.com/table.csv", name="table", targets="label"),
        context="training",
    )
    mlflow.log_input(
        mlflow.data.from_numpy(np.arange(12.0).reshape(4, 3), name="array"),
        context="testing",
        tags={"split": "half"},
    )
    mlflow.log_artifact("single.csv")
    mlflow.log_artifact("single.csv", artifact_path="below/here")
    mlflow.log_artifacts("folder")
    mlflow.log_artifacts("folder", artifact_path="copy")
    mlflow.log_table({"question": ["q1", "q2"], "answer": [1, 2]}, artifact_file="tables/answers.json")
    mlflow.log_table(pd.DataFrame({"question": ["q3"], "answer": [3]}), artifact_file="tables/answers.json")
    mlflow.log_image(np.zeros((4, 5, 3), dtype=np.uint8), "pictures/black.png")
    mlflow.log_image(np.ones((4, 5), dtype=np.float64), key="white", step=3, timestamp=BEGIN_MS)
    figure, axes = plt.subplots()
    axes.plot([1, 2], [3, 4])
    mlflow.log_figure(figure, "figures/line.png")
    with open("single.csv", "rb") as stream:  # noqa: PTH123 - as users write it
        mlflow.log_stream(stream, "streamed.csv")
    seen["uri"] = os.path.basename(mlflow.get_artifact_uri("config.json"))  # noqa: PTH119 - an address
run_id = run.info.run_id
client = mlflow.MlflowClient()
client.log_text(run_id, "by the client", "client/text.txt")
client.log_dict(run_id, {"a": 1}, "client/dict.json")
client.log_artifact(run_id, "single.csv", "client")

seen["root"] = [[file.path, file.is_dir, file.file_size] for file in client.list_artifacts(run_id)]
seen["below"] = [[file.path, file.is_dir, file.file_size] for file in client.list_artifacts(run_id, "copy")]
seen["of uri"] = [file.path for file in mlflow.artifacts.list_artifacts(f"runs:/{run_id}/copy")]
local = client.download_artifacts(run_id, "copy", ".")
seen["downloaded"] = sorted(
    path.relative_to(local).as_posix() for path in Path(local).rglob("*") if path.is_file()
)
seen["text"] = mlflow.artifacts.load_text(f"runs:/{run_id}/one.txt")
seen["dict"] = mlflow.artifacts.load_dict(f"runs:/{run_id}/client/dict.json")
seen["image"] = list(mlflow.artifacts.load_image(f"runs:/{run_id}/pictures/black.png").size)
one = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="below/here/single.csv")
seen["one"] = Path(one).read_text("utf-8")
table = mlflow.load_table("tables/answers.json", extra_columns=["run_id"])
seen["table"] = [table["question"].tolist(), table["answer"].tolist(), table["run_id"].nunique()]
datasets = mlflow.get_run(run_id).inputs.dataset_inputs
seen["datasets"] = sorted(
    [
        each.dataset.name,
        each.dataset.digest,
        each.dataset.source_type,
        each.dataset.profile,
        sorted([tag.key, tag.value] for tag in each.tags),
    ]
    for each in datasets
)
seen["schemas"] = sorted(each.dataset.schema for each in datasets)
seen["source"] = sorted(each.dataset.source for each in datasets if each.dataset.name == "table")

with open("seen.json", "w", encoding="utf-8") as file:  # noqa: PTH123 - as users write it
    json.dump(seen, file)
