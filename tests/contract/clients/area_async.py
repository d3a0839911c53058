"""Asynchronous logging: everything that was logged is there after the flush, once."""

import mlflow
from mlflow.tracking import MlflowClient
from peer import Area


def check_fluent(area: Area, client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        for step in range(300):
            mlflow.log_metric("loss", 1 / (step + 1), step=step, synchronous=False)
        mlflow.log_params({f"p{n}": n for n in range(20)}, synchronous=False)
        mlflow.set_tags({f"t{n}": n for n in range(20)}, synchronous=False)
        mlflow.log_metrics({"a": 1, "b": 2}, step=5, synchronous=False)
        mlflow.flush_async_logging()
    run_id = run.info.run_id
    history = client.get_metric_history(run_id, "loss")
    seen = sorted((m.step, m.value) for m in history)
    area.equal("points", seen, [(step, 1 / (step + 1)) for step in range(300)])
    data = client.get_run(run_id).data
    area.equal("params", data.params, {f"p{n}": str(n) for n in range(20)})
    area.equal("metrics", (data.metrics["a"], data.metrics["b"]), (1.0, 2.0))
    area.true("tags", all(data.tags[f"t{n}"] == str(n) for n in range(20)))


def check_client(area: Area, client: MlflowClient, experiment_id: str) -> None:
    run_id = client.create_run(experiment_id).info.run_id
    operations = [
        client.log_metric(run_id, "m", 1.5, step=1, synchronous=False),
        client.log_param(run_id, "p", "1", synchronous=False),
        client.set_tag(run_id, "t", "2", synchronous=False),
    ]
    for operation in operations:
        operation.wait()
    data = client.get_run(run_id).data
    area.equal("after wait()", (data.metrics, data.params, data.tags["t"]), ({"m": 1.5}, {"p": "1"}, "2"))
    conflict = client.log_param(run_id, "p", "9", synchronous=False)
    area.refused("a conflict comes out of wait()", "INTERNAL_ERROR", conflict.wait, "INVALID_PARAMETER_VALUE")
    area.equal("the first value stays", client.get_run(run_id).data.params, {"p": "1"})


def main() -> None:
    area = Area("async")
    client = MlflowClient()
    experiment_id = mlflow.set_experiment(area.unique).experiment_id
    check_fluent(area, client)
    check_client(area, client, experiment_id)
    area.finish()


if __name__ == "__main__":
    main()
