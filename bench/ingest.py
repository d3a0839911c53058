"""The cases that write: log-batch, log-metric, and whole small runs. Each measures one sample on one server."""

import json
import time

from load import Load, drive
from payload import BATCH_METRICS, build_batch, build_metrics, make_metric_batches, make_run, make_run_data
from plan import Plan
from servers import API
from target import Sample, Target, summarize
from wire import RequestFailed, WireError, build_request

_WARM_BATCHES = 2
_WARM_METRICS = 20
_MANY = 16


class BatchBodies:
    """The metrics of the batches, made once and sent to each server."""

    def __init__(self, plan: Plan) -> None:
        self.metrics = make_metric_batches(max(plan.batches, _WARM_BATCHES))


def measure_batches(target: Target, plan: Plan, bodies: BatchBodies, clients: int) -> Sample:
    """Measure log-batch of 1,000 metrics, each client on its own run: metrics a second."""
    address = target.server.address
    warm, *runs = target.create_runs(clients + 1)
    drive(address, [[build_batch(address, warm, metrics) for metrics in bodies.metrics[:_WARM_BATCHES]]], 5)
    share = bodies.metrics[: max(1, plan.batches // clients)]
    lanes = [[build_batch(address, run, metrics) for metrics in share] for run in runs]
    return summarize(drive(address, lanes, plan.budget_s), BATCH_METRICS)


def measure_metrics(target: Target, plan: Plan, *, quickack: bool = False) -> Sample:
    """Measure log-metric by one client: requests a second, each answered when the point is durable."""
    address = target.server.address
    (run,) = target.create_runs(1)
    drive(address, [build_metrics(address, run, "warm", _WARM_METRICS)], 5)
    requests = build_metrics(address, run, "loss", plan.metrics)
    return summarize(drive(address, [requests], plan.budget_s, quickack=quickack))


def measure_metrics_of_many(target: Target, plan: Plan) -> Sample:
    """Measure log-metric by 16 clients, each on its own run: requests a second."""
    address = target.server.address
    runs = target.create_runs(_MANY)
    drive(address, [build_metrics(address, run, "warm", 2) for run in runs], 5)
    lanes = [build_metrics(address, run, "loss", plan.metrics_of_many // _MANY) for run in runs]
    return summarize(drive(address, lanes, plan.budget_s))


def measure_created_runs(target: Target, plan: Plan) -> Sample:
    """Measure whole small runs by one client, two requests each (create, log-batch): runs a second."""
    address = target.server.address
    bodies = [json.dumps(make_run_data(number))[:-1].encode() for number in range(plan.created_runs)]
    load = Load(plan.created_runs)
    with target.server.connect() as connection:
        experiment_id = target.create_experiment(connection)
        begin_s = time.perf_counter()
        for number, body in enumerate(bodies):
            sent_s = time.perf_counter()
            if sent_s - begin_s > plan.budget_s:
                break
            try:
                created = connection.call("POST", f"{API}/runs/create", make_run(number, experiment_id))
                tail = b', "run_id": "%s"}' % created["run"]["info"]["run_id"].encode()
                request = build_request(address, "POST", f"{API}/runs/log-batch", body + tail)
                load.count(connection.exchange(request), time.perf_counter() - sent_s)
            except (OSError, WireError, RequestFailed) as error:
                load.count_error(f"{type(error).__name__}: {error}")
        load.wall_s = time.perf_counter() - begin_s
    return summarize(load)
