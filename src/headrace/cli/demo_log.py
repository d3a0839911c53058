"""The demo's middle: log what is trained, step by step as a training script would, and read all of it back.

What was logged is kept and compared with what the server gives: floats must be equal to the last bit. Knows nothing of models.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from headrace.api.endpoint import Tag
from headrace.api.inputs import Dataset, DatasetInput
from headrace.api.metrics import Metric
from headrace.base.clock import now_ms
from headrace.client import Client

Point = tuple[int, float]


@dataclass(slots=True)
class LoggedRun:
    """What was sent for one run.

    Args:
        run_id: the run.
        params: as text.
        points: for each metric its points, (step, value), in the order of logging.
        files: content by path.
        dataset: name and digest.
    """

    run_id: str
    params: dict[str, str]
    dataset: tuple[str, str]
    points: dict[str, list[Point]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def count_points(self) -> int:
        """Return how many points were sent."""
        return sum(map(len, self.points.values()))

    def last_values(self) -> dict[str, float]:
        """Return the last value of each metric."""
        return {key: points[-1][1] for key, points in self.points.items()}


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run to be made.

    Args:
        experiment_id: where.
        name: its name.
        params: values become text.
        tags: likewise.
        dataset: what it learns from.
    """

    experiment_id: str
    name: str
    params: Mapping[str, object]
    tags: Mapping[str, object]
    dataset: Dataset


def ensure_experiment(client: Client, name: str) -> str:
    """Return the id of an experiment, made or brought back if it is not there."""
    found = client.experiments.find_by_name(name)
    if found is None:
        return client.experiments.create(name, tags={"source": "headrace demo"})
    if found.lifecycle_stage == "deleted":
        client.experiments.restore(found.experiment_id)
    return found.experiment_id


def log_run(
    client: Client,
    plan: RunPlan,
    steps: Iterable[tuple[int, Mapping[str, float]]],
    describe: Callable[[], Mapping[str, bytes]],
) -> LoggedRun:
    """Make a run, log its steps as they come, and its files at the end.

    Args:
        client: where to.
        plan: what is known at the start.
        steps: step number and metrics, one batch each.
        describe: called after the last step; gives files by name.
    """
    run = client.runs.create(plan.experiment_id, name=plan.name, tags=plan.tags)
    run_id = run.info.run_id
    logged = LoggedRun(
        run_id,
        {key: str(value) for key, value in plan.params.items()},
        (plan.dataset.name, plan.dataset.digest),
    )
    client.runs.log_params(run_id, plan.params)
    context = Tag(key="mlflow.data.context", value="training")
    client.runs.log_inputs(run_id, [DatasetInput(dataset=plan.dataset, tags=[context])])
    for number, metrics in steps:
        now = now_ms()
        client.runs.log_batch(
            run_id,
            [Metric(key=key, value=value, timestamp=now, step=number) for key, value in metrics.items()],
        )
        for key, value in metrics.items():
            logged.points.setdefault(key, []).append((number, value))
    logged.files.update(describe())
    with tempfile.TemporaryDirectory() as folder:
        for name, content in logged.files.items():
            path = Path(folder, name)
            path.write_bytes(content)
            client.artifacts.upload(run_id, path)
    client.runs.finish(run_id)
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
    return [
        f"run {logged.run_id}: {what}: logged {sent!r}, read {read!r}"
        for what, sent, read in checks
        if sent != read
    ]


def build_files(
    title: str, facts: Mapping[str, object], labels: tuple[str, ...], confusions: list[list[int]]
) -> dict[str, bytes]:
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
        "confusion_matrix.json": json.dumps({"labels": labels, "matrix": confusions}).encode(),
        "confusion_matrix.txt": ("\n".join(lines) + "\n").encode(),
        "model_card.md": "\n".join([*card, *(f"    {line}" for line in lines), ""]).encode(),
    }
