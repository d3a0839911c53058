"""Batches are split at the limits of the wire."""

import json

import pytest

from headrace.api.metrics import Metric
from headrace.client import connect
from scripted_server import ScriptedServer


@pytest.mark.parametrize(
    ("metrics", "params", "tags", "requests"),
    [
        (0, 0, 0, [(0, 0, 0)]),
        (1000, 0, 0, [(1000, 0, 0)]),
        (1001, 0, 0, [(1000, 0, 0), (1, 0, 0)]),
        (0, 100, 100, [(0, 100, 100)]),
        (800, 100, 100, [(800, 100, 100)]),
        (801, 100, 100, [(800, 100, 100), (1, 0, 0)]),
        (5, 101, 1, [(0, 100, 1), (5, 1, 0)]),
        (2500, 120, 250, [(0, 100, 100), (0, 20, 100), (950, 0, 50), (1000, 0, 0), (550, 0, 0)]),
    ],
)
def test_each_request_keeps_the_limits(
    metrics: int, params: int, tags: int, requests: list[tuple[int, int, int]]
) -> None:
    with ScriptedServer() as server, connect(server.url) as client:
        client.runs.log_batch(
            "a",
            [Metric(key="m", value=number, timestamp=0, step=number) for number in range(metrics)],
            {f"p{number}": number for number in range(params)},
            {f"t{number}": number for number in range(tags)},
        )
    bodies = [json.loads(request.body) for request in server.requests]
    assert [(len(body["metrics"]), len(body["params"]), len(body["tags"])) for body in bodies] == requests
    assert [point["step"] for body in bodies for point in body["metrics"]] == list(range(metrics))
    assert [param["key"] for body in bodies for param in body["params"]] == [f"p{n}" for n in range(params)]
    assert [tag["key"] for body in bodies for tag in body["tags"]] == [f"t{n}" for n in range(tags)]
