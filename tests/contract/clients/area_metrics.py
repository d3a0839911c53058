"""Metrics: history, the latest value, NaN and infinities, a history of more than one page, many threads."""

import math
from concurrent.futures import ThreadPoolExecutor

import mlflow
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient
from peer import Area

# One page of the newer clients is 25,000 points.
MANY = 26_000
BATCH = 1000


def check_history(area: Area, client: MlflowClient, run_id: str) -> None:
    for value, timestamp, step in [(3.0, 30, 1), (2.0, 20, -5), (1.0, 10, 2), (1.0, 10, 2)]:
        client.log_metric(run_id, "m", value, timestamp=timestamp, step=step)
    seen = [(m.key, m.value, m.timestamp, m.step) for m in client.get_metric_history(run_id, "m")]
    expected = [("m", 1.0, 10, 2), ("m", 2.0, 20, -5), ("m", 3.0, 30, 1)]
    area.equal("history is by time, equal points once", seen, expected)
    area.equal("latest is by step", client.get_run(run_id).data.metrics["m"], 1.0)
    area.equal("no such key", list(client.get_metric_history(run_id, "none")), [])


def check_special(area: Area, client: MlflowClient, run_id: str) -> None:
    for step, value in enumerate([1.0, float("nan"), 2.0, float("nan")]):
        client.log_metric(run_id, "nan", value, step=step, timestamp=step)
    area.true("NaN is the latest", math.isnan(client.get_run(run_id).data.metrics["nan"]))
    history = [m.value for m in client.get_metric_history(run_id, "nan")]
    area.equal("NaN in the history", [math.isnan(value) for value in history], [False, True, False, True])
    infinities = [Metric("up", float("inf"), 1, 0), Metric("down", float("-inf"), 1, 0)]
    client.log_batch(run_id, metrics=infinities)
    latest = client.get_run(run_id).data.metrics
    area.true("infinities are huge", latest["up"] > 1e308 and latest["down"] < -1e308)
    exact = [0.1 + 0.2, 5e-324, -0.0, 1.7976931348623157e308, 2**53 + 2.0]
    client.log_batch(run_id, metrics=[Metric("exact", value, n, n) for n, value in enumerate(exact)])
    history = [m.value for m in client.get_metric_history(run_id, "exact")]
    area.equal("numbers are kept exactly", history, exact)
    client.log_metric(run_id, "large", 1, timestamp=2**52, step=2**40)
    large = [(m.timestamp, m.step) for m in client.get_metric_history(run_id, "large")]
    area.equal("large times and steps", large, [(2**52, 2**40)])


def check_pages(area: Area, client: MlflowClient, run_id: str) -> None:
    for start in range(0, MANY, BATCH):
        client.log_batch(run_id, metrics=[Metric("long", n / 7, n, n) for n in range(start, start + BATCH)])
    history = client.get_metric_history(run_id, "long")
    area.equal("the long history: steps", [m.step for m in history], list(range(MANY)))
    area.equal("the long history: values", [m.value for m in history], [n / 7 for n in range(MANY)])


def check_threads(area: Area, client: MlflowClient, run_id: str) -> None:
    def log(number: int) -> None:
        for step in range(20):
            client.log_metric(run_id, f"m{number}", step * number, step=step)
        client.log_param(run_id, f"p{number}", number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(log, range(8)))
    params = client.get_run(run_id).data.params
    area.equal("params of threads", params, {f"p{number}": str(number) for number in range(8)})
    for number in range(8):
        history = client.get_metric_history(run_id, f"m{number}")
        seen = sorted((m.step, m.value) for m in history)
        area.equal(f"points of thread {number}", seen, [(s, float(s * number)) for s in range(20)])


def main() -> None:
    area = Area("metrics")
    client = MlflowClient()
    experiment_id = mlflow.set_experiment(area.unique).experiment_id
    run_id = client.create_run(experiment_id).info.run_id
    check_history(area, client, run_id)
    check_special(area, client, run_id)
    check_pages(area, client, run_id)
    check_threads(area, client, run_id)
    area.finish()


if __name__ == "__main__":
    main()
