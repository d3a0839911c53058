"""Which columns a table of runs has."""

import pytest

from headrace.api.inputs import RunInputs
from headrace.api.metrics import Metric
from headrace.api.runs import Run, RunData, RunInfo, RunStatus
from headrace.base.errors import InvalidParameter
from headrace.cli.runs import choose_columns, find_value, parse_columns


def _run(**metrics: float) -> Run:
    info = RunInfo(
        run_id="r",
        run_uuid="r",
        run_name="n",
        experiment_id="0",
        user_id="",
        status=RunStatus.RUNNING,
        start_time=1,
        artifact_uri="",
        lifecycle_stage="active",
    )
    found = [Metric(key=key, value=value, timestamp=0) for key, value in metrics.items()]
    return Run(info=info, data=RunData(metrics=found), inputs=RunInputs())


def test_the_metrics_that_most_runs_have_come_first() -> None:
    runs = [_run(a=1, b=2, c=3), _run(b=2, c=3), _run(c=3)]
    assert choose_columns(runs, ()) == [("metrics", "c"), ("metrics", "b")]


@pytest.mark.parametrize("clause", ["metrics.a DESC", "metrics.`a` ASC", 'metrics."a"'])
def test_what_the_runs_are_ordered_by_is_shown(clause: str) -> None:
    runs = [_run(a=1, b=2, c=3), _run(b=2, c=3)]
    assert choose_columns(runs, (clause,))[0] == ("metrics", "a")


def test_a_metric_whose_name_is_part_of_another_is_not_taken_for_it() -> None:
    runs = [_run(loss=1, test_loss=2, a=0), _run(a=0)]
    assert choose_columns(runs, ("metrics.test_loss ASC",)) == [("metrics", "test_loss"), ("metrics", "a")]


def test_columns_are_read_by_kind_and_key() -> None:
    assert parse_columns("metrics.a, param.b.c ,tags.mlflow.user,") == [
        ("metrics", "a"),
        ("params", "b.c"),
        ("tags", "mlflow.user"),
    ]


@pytest.mark.parametrize("text", ["a", "metrics.", "attributes.status", ".a"])
def test_a_column_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match=r"metrics\.KEY"):
        parse_columns(text)


def test_what_a_run_does_not_have_is_a_dash() -> None:
    run = _run(a=0.5)
    assert [find_value(run, kind, "a") for kind in ("metrics", "params", "tags")] == ["0.5", "-", "-"]
