"""Asynchronous logging and many threads: everything that was logged is there after the flush, once."""

import threading

import mlflow
from mlflow.tracking import MlflowClient
from peer import VERSION, Area


def check_async(area, client):
    with mlflow.start_run() as run:
        for step in range(300):
            mlflow.log_metric("loss", 1 / (step + 1), step=step, synchronous=False)
        mlflow.log_params({"p%d" % n: n for n in range(20)}, synchronous=False)
        mlflow.set_tags({"t%d" % n: n for n in range(20)}, synchronous=False)
        mlflow.log_metrics({"a": 1, "b": 2}, step=5, synchronous=False)
        mlflow.flush_async_logging()
    run_id = run.info.run_id
    area.equal("points", [m.step for m in client.get_metric_history(run_id, "loss")], list(range(300)))
    data = client.get_run(run_id).data
    area.equal("params", len(data.params), 20)
    area.equal("metrics", (data.metrics["a"], data.metrics["b"]), (1.0, 2.0))
    area.true("tags", all(data.tags["t%d" % n] == str(n) for n in range(20)))


def check_threads(area, client, experiment_id):
    run_id = client.create_run(experiment_id).info.run_id
    failures = []

    def work(number):
        try:
            for step in range(20):
                client.log_metric(run_id, "m%d" % number, step * number, step=step)
            client.log_param(run_id, "p%d" % number, number)
        except Exception as error:  # noqa: BLE001 - shown below, whatever it is
            failures.append(repr(error))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    area.equal("no thread fails", failures, [])
    area.equal("params of threads", len(client.get_run(run_id).data.params), 8)
    counts = [len(client.get_metric_history(run_id, "m%d" % number)) for number in range(8)]
    area.equal("points of threads", counts, [20] * 8)


def main():
    area = Area("async")
    client = MlflowClient()
    experiment_id = mlflow.set_experiment(area.unique).experiment_id
    if VERSION >= (2, 8):
        check_async(area, client)
    else:
        area.leave_out("asynchronous logging")
    check_threads(area, client, experiment_id)
    area.finish()


if __name__ == "__main__":
    main()
