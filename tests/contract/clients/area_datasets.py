"""Dataset inputs: log_input of every kind of dataset that the client has, read back, filters."""

import mlflow
from mlflow.tracking import MlflowClient
from peer import VERSION, Area, has


def check_entities(area, client, experiment_id):
    from mlflow.entities import Dataset, DatasetInput, InputTag

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
    many = [
        DatasetInput(Dataset(name="n%d" % n, digest="d", source_type="s", source="x")) for n in range(120)
    ]
    client.log_inputs(run_id, many)
    area.equal("many inputs", len(client.get_run(run_id).inputs.dataset_inputs), 121)
    found = client.search_runs([experiment_id], "dataset.name = 'n119' and dataset.digest = 'd'")
    area.equal("by name", [run.info.run_id for run in found], [run_id])
    found = client.search_runs([experiment_id], "dataset.context = 'training'")
    area.equal("by context", [run.info.run_id for run in found], [run_id])
    area.equal("none by name", len(client.search_runs([experiment_id], "dataset.name = 'none'")), 0)


def check_fluent(area):
    import numpy
    import pandas

    frame = pandas.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    with mlflow.start_run() as run:
        mlflow.log_input(
            mlflow.data.from_pandas(frame, name="frame", source="somewhere.csv"), context="training"
        )
        mlflow.log_input(
            mlflow.data.from_numpy(numpy.arange(6), name="array"), context="eval", tags={"more": "1"}
        )
    inputs = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
    area.equal("names", sorted(i.dataset.name for i in inputs), ["array", "frame"])
    frame_input = next(i for i in inputs if i.dataset.name == "frame")
    area.true("a schema", "mlflow_colspec" in frame_input.dataset.schema)
    area.true("a profile", "num_rows" in frame_input.dataset.profile)
    array_input = next(i for i in inputs if i.dataset.name == "array")
    tags = {t.key: t.value for t in array_input.tags}
    area.equal("context and tags", tags, {"mlflow.data.context": "eval", "more": "1"})


def main():
    area = Area("datasets")
    client = MlflowClient()
    experiment_id = mlflow.set_experiment(area.unique).experiment_id
    if VERSION < (2, 4):
        area.leave_out("dataset inputs")
        run_id = client.create_run(experiment_id).info.run_id
        area.equal("the run is read all the same", client.get_run(run_id).info.run_id, run_id)
    else:
        check_entities(area, client, experiment_id)
        if has("pandas", "numpy"):
            check_fluent(area)
        else:
            area.leave_out("pandas and numpy datasets")
    area.finish()


if __name__ == "__main__":
    main()
