"""The client's columns, over both transports: what was logged comes back, and a chart keeps up with its runs."""

import math

import pytest

from headrace.api.metrics import Metric
from headrace.base.errors import InvalidParameter
from headrace.client import Client


def _log(client: Client, run_id: str, begin: int, end: int) -> None:
    for start in range(begin, end, 1000):
        batch = [
            Metric(key="loss", value=1 / (1 + step), timestamp=10_000 + step, step=step)
            for step in range(start, min(start + 1000, end))
        ]
        client.runs.log_batch(run_id, batch)


def _start(client: Client) -> str:
    return client.runs.create("0", start_time=10_000).info.run_id


def test_histories_come_back_as_arrays(client: Client) -> None:
    run_id = _start(client)
    _log(client, run_id, 0, 2500)
    client.runs.log_metric(run_id, "odd", math.inf, step=-(2**60), timestamp=5)
    loss, odd = client.series.points([run_id], ["loss", "odd", "never"], page_size=999)
    assert (loss.run_id, loss.key, odd.key) == (run_id, "loss", "odd")
    assert loss.step.tolist() == list(range(2500))
    assert loss.time.tolist() == list(range(10_000, 12_500))
    assert loss.value.tolist() == [1 / (1 + step) for step in range(2500)]
    assert (odd.step[0], odd.time[0], odd.value[0]) == (-(2**60), 5, math.inf)
    (some,) = client.series.points([run_id], ["loss"], steps=(10, 12), times=(10_011, 99_999))
    assert some.step.tolist() == [11, 12]


def test_a_chart_keeps_up_with_its_runs(client: Client) -> None:
    first, second = _start(client), _start(client)
    _log(client, first, 0, 1200)
    chart = client.series.chart([first, second], ["loss"], buckets=200, groups={"both": [first, second]})
    assert client.series.refresh(chart) is chart
    assert (chart.mode, chart.width, len(chart.x)) == ("buckets", 8.0, 150)
    assert list(chart.series) == [(first, "loss")]
    assert chart.ends[first, "loss"] == (0.0, 1.0, 1199.0, 1 / 1200)
    _log(client, first, 1200, 1300)
    _log(client, second, 0, 5)
    later = client.series.refresh(chart)
    assert (later.width, len(later.x)) == (8.0, 163)
    assert later.series[first, "loss"].points.tolist() == [8] * 162 + [4]
    assert later.series[second, "loss"].points.tolist() == [5]
    assert later.groups["both", "loss"].runs.tolist() == [2] + [1] * 162
    assert later.ends[first, "loss"].last_x == 1299.0


def test_a_chart_over_another_metric_names_it(client: Client) -> None:
    run_id = _start(client)
    for step, (tokens, loss) in enumerate([(5.0, 3.0), (10.0, 2.0), (20.0, math.nan)]):
        client.runs.log_metric(run_id, "tokens", tokens, step=step, timestamp=step)
        client.runs.log_metric(run_id, "loss", loss, step=step, timestamp=step)
    chart = client.series.chart([run_id], ["loss"], x="metric:tokens", within=(6, None))
    assert list(chart.x) == [10.0, 20.0]
    assert chart.series[run_id, "loss"].nans.tolist() == [0, 1]


def test_what_the_server_refuses_is_an_error_here(client: Client) -> None:
    with pytest.raises(InvalidParameter, match="epoch"):
        client.series.chart(["r"], ["a"], x="epoch")
    with pytest.raises(InvalidParameter, match="run_ids is the text"):
        client.series.points("r", ["a"])
