"""Dataset inputs: log_inputs of MlflowClient, log_input of the datasets that the client can make, filters."""

import mlflow
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.tracking import MlflowClient
from peer import VERSION, Area, has


def check_client(area: Area, client: MlflowClient, experiment_id: str) -> str:
    run_id = client.create_run(experiment_id).info.run_id
    made = Dataset(
        name="train", digest="d1", source_type="local", source='{"uri": "x"}', schema="{}", profile='{"n": 1}'
    )
    inputs = [DatasetInput(made, [InputTag("mlflow.data.context", "training")])]
    client.log_inputs(run_id, inputs)
    client.log_inputs(run_id, inputs)
    seen = client.get_run(run_id).inputs.dataset_inputs
    area.equal("one input", len(seen), 1)
    area.equal("its fields", dict(seen[0].dataset), dict(made))
    area.equal("its tags", [(t.key, t.value) for t in seen[0].tags], [("mlflow.data.context", "training")])
    many = [DatasetInput(Dataset(name=f"n{n}", digest="d", source_type="s", source="x")) for n in range(120)]
    client.log_inputs(run_id, many)
    area.equal("many inputs", len(client.get_run(run_id).inputs.dataset_inputs), 121)
    return run_id


def check_filters(area: Area, client: MlflowClient, experiment_id: str, run_id: str) -> None:
    client.create_run(experiment_id)
    cases = {
        "dataset.name = 'n119' and dataset.digest = 'd'": [run_id],
        "dataset.context = 'training'": [run_id],
        "dataset.name LIKE 'tr%'": [run_id],
        "datasets.digest IN ('d1', 'none')": [run_id],
        "dataset.name = 'none'": [],
        "dataset.context = 'test'": [],
    }
    for text, expected in cases.items():
        found = client.search_runs([experiment_id], text)
        area.equal(text, [run.info.run_id for run in found], expected)


def check_fluent(area: Area) -> None:
    if not has("pandas", "numpy"):
        area.leave_out("frames and arrays")
        return
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    with mlflow.start_run() as run:
        made = mlflow.data.from_pandas(frame, name="frame", source="somewhere.csv")
        mlflow.log_input(made, context="training")
        array = mlflow.data.from_numpy(np.arange(6), name="array")
        mlflow.log_input(array, context="eval", tags={"more": "1"})
    inputs = {i.dataset.name: i for i in mlflow.get_run(run.info.run_id).inputs.dataset_inputs}
    area.equal("names", sorted(inputs), ["array", "frame"])
    seen = inputs["frame"].dataset
    area.equal("digest", seen.digest, made.digest)
    area.true("a schema", "mlflow_colspec" in seen.schema)
    area.true("a profile", "num_rows" in seen.profile)
    tags = {tag.key: tag.value for tag in inputs["array"].tags}
    area.equal("context and tags", tags, {"mlflow.data.context": "eval", "more": "1"})
    source = mlflow.data.get_source(inputs["frame"])
    area.true("the source", source.to_dict()["uri"].endswith("somewhere.csv"))
    if VERSION < (3, 0):
        area.leave_out("metrics of a dataset")
        return
    with mlflow.start_run() as run:
        mlflow.log_metric("rows", 3, dataset=made)
    area.equal("a metric with its dataset", mlflow.get_run(run.info.run_id).data.metrics, {"rows": 3.0})


def main() -> None:
    area = Area("datasets")
    client = MlflowClient()
    experiment_id = mlflow.set_experiment(area.unique).experiment_id
    run_id = check_client(area, client, experiment_id)
    check_filters(area, client, experiment_id, run_id)
    check_fluent(area)
    area.finish()


if __name__ == "__main__":
    main()
