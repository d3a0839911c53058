"""The demo's middle: log what is trained, step by step and by the calls that a training script makes, and read all of it back.

What was logged is kept and compared with what the server gives: floats must be equal to the last bit. Knows nothing of models.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from headrace.client import Client
from headrace.fluent.artifacts import log_text
from headrace.fluent.experiments import get_experiment_by_name, restore_experiment, set_experiment
from headrace.fluent.inputs import log_input
from headrace.fluent.logging import log_metrics, log_params
from headrace.fluent.media import log_figure
from headrace.fluent.runs import start_run

Point = tuple[int, float]
FIGURE = "learning.png"
_PNG = b"\x89PNG"


class LoggedRun(Struct):
    """What was sent for one run.

    Args:
        run_id: the run.
        params: as text.
        points: for each metric its points, (step, value), in the order of logging.
        files: content by path.
        dataset: name and digest.
        has_figure: whether a figure was logged.
    """

    run_id: str
    params: dict[str, str]
    dataset: tuple[str, str]
    points: dict[str, list[Point]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    has_figure: bool = False

    def count_points(self) -> int:
        """Return how many points were sent."""
        return sum(map(len, self.points.values()))

    def last_values(self) -> dict[str, float]:
        """Return the last value of each metric."""
        return {key: points[-1][1] for key, points in self.points.items()}


class RunPlan(Struct, frozen=True):
    """A run to be made.

    Args:
        name: its name.
        params: values become text.
        tags: likewise.
        dataset: what it learns from, a dataset of `headrace.data`.
        nested: whether it belongs to the run that is active.
    """

    name: str
    params: Mapping[str, object]
    tags: Mapping[str, object]
    dataset: Any
    nested: bool = False


class Report(Struct, frozen=True):
    """What is told of a model when it has learned.

    Args:
        files: text by name.
        figure: a picture of it, of matplotlib.
    """

    files: Mapping[str, str]
    figure: Any


def choose_experiment(name: str) -> str:
    """Let the runs that follow belong to an experiment, made or brought back if it is not there; return its id."""
    found = get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage == "deleted":
        restore_experiment(found.experiment_id)
    return str(set_experiment(name).experiment_id)


def log_run(
    plan: RunPlan, steps: Iterable[tuple[int, Mapping[str, float]]], describe: Callable[[], Report]
) -> LoggedRun:
    """Make a run, log its steps as they come, and its files at the end.

    Args:
        plan: what is known at the start.
        steps: step number and metrics.
        describe: called after the last step.
    """
    with start_run(run_name=plan.name, tags=dict(plan.tags), nested=plan.nested) as run:
        logged = LoggedRun(
            run.info.run_id,
            {key: str(value) for key, value in plan.params.items()},
            (plan.dataset.name, plan.dataset.digest),
        )
        log_params(plan.params)
        log_input(plan.dataset, context="training")
        for number, metrics in steps:
            log_metrics(dict(metrics), step=number)
            for key, value in metrics.items():
                logged.points.setdefault(key, []).append((number, value))
        report = describe()
        for name, text in report.files.items():
            log_text(text, name)
            logged.files[name] = text.encode()
        log_figure(report.figure, FIGURE)
        logged.has_figure = True
    return logged


def find_differences(client: Client, logged: LoggedRun) -> list[str]:
    """Read a run back and return in what it differs from what was logged; nothing, if all is well."""
    run = client.runs.get(logged.run_id)
    params = {param.key: param.value for param in run.data.params or ()}
    datasets = [(entry.dataset.name, entry.dataset.digest) for entry in run.inputs.dataset_inputs or ()]
    latest = {metric.key: (metric.step, metric.value) for metric in run.data.metrics or ()}
    checks: list[tuple[str, object, object]] = [
        ("status", "FINISHED", run.info.status.value),
        ("params", logged.params, params),
        ("datasets", [logged.dataset], datasets),
        ("latest metrics", {key: points[-1] for key, points in logged.points.items()}, latest),
    ]
    for key, points in logged.points.items():
        history = sorted((point.step, point.value) for point in client.metrics.history(logged.run_id, key))
        checks.append((f"history of {key}", points, history))
    with tempfile.TemporaryDirectory() as folder:
        for name, content in logged.files.items():
            path = client.artifacts.download(logged.run_id, name, Path(folder))
            checks.append((f"artifact {name}", content, Path(path).read_bytes()))
        if logged.has_figure:
            path = client.artifacts.download(logged.run_id, FIGURE, Path(folder))
            checks.append((f"artifact {FIGURE}", _PNG, Path(path).read_bytes()[: len(_PNG)]))
    return [
        f"run {logged.run_id}: {what}: logged {sent!r}, read {read!r}"
        for what, sent, read in checks
        if sent != read
    ]


def build_files(
    title: str, facts: Mapping[str, object], labels: tuple[str, ...], confusions: list[list[int]]
) -> dict[str, str]:
    """Return a model card and a confusion matrix, as JSON and as text.

    Args:
        title: of the card.
        facts: what to tell in it.
        labels: names of rows and columns.
        confusions: counts; a row is what an example is, a column what it was taken for.
    """
    width = max(len(text) for text in (*labels, "99999"))
    lines = [
        " " * (width + 1) + " ".join(f"{label:>{width}}" for label in labels),
        *(
            f"{label:>{width}} " + " ".join(f"{count:>{width}}" for count in row)
            for label, row in zip(labels, confusions, strict=True)
        ),
    ]
    card = [
        f"# {title}",
        "",
        *(f"- {name}: {value}" for name, value in facts.items()),
        "",
        "Confusion matrix:",
        "",
    ]
    return {
        "confusion_matrix.json": json.dumps({"labels": labels, "matrix": confusions}),
        "confusion_matrix.txt": "\n".join(lines) + "\n",
        "model_card.md": "\n".join([*card, *(f"    {line}" for line in lines), ""]),
    }
