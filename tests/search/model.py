"""Runs as plain Python values, and what a filter and an order mean on them: the definition that the store is held against."""

import functools
import math
import random
import re
from dataclasses import dataclass, field
from typing import Any

from headrace.api.endpoint import Tag
from headrace.api.inputs import Dataset, DatasetInput
from headrace.api.runs import RunStatus
from headrace.search.number_text import find_number
from headrace.search.tree import (
    And,
    Between,
    Entity,
    Field,
    In,
    IsNull,
    Node,
    Not,
    Op,
    Or,
    OrderKey,
    Statistic,
)
from headrace.store import annotations, codes, inputs, runs, series
from headrace.store.engine import Store
from headrace.store.keys import intern_keys

METRICS = ("loss", "acc", "val/f1 score")
PARAMS = ("lr", "model", "note")
TAGS = ("team", "mlflow.runName")
VALUES = (0.0, -0.0, 0.5, -0.5, 1.0, 1e-308, 1e308, math.inf, -math.inf, math.nan, 2.0, 3.0)
TEXTS = (
    "",
    "0.1",
    "1e-1",
    "adam",
    "Adam",
    "ADAM",
    "10",
    "9",
    "a%b",
    "a_b",
    "ärger",
    "ÄRGER",
    "nan",
    "it's",
    "日本",
    "a ",
    "a",
    "ΣΊΣΥΦΟΣ",
    "σίσυφος",
    "İK",
    "ik",
    "\uff41",
    "e\u0301",
    "é",
    "😀",
    "\uffff",
)
STATUSES = tuple(status.value for status in RunStatus)


@dataclass
class ModelRun:
    """One run."""

    number: int
    run_id: str
    experiment: int
    deleted: bool
    name: str
    user_id: str
    status: str
    start_time: int
    end_time: int | None
    artifact_uri: str
    metrics: dict[str, list[tuple[int, int, float]]] = field(
        default_factory=dict
    )  # key: (step, time, value) in any order
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    datasets: list[tuple[str, str, str | None]] = field(default_factory=list)

    def statistic(self, key: str, statistic: Statistic) -> float | None:
        """Return a value of a metric; None if the run lacks it, NaN if no number is among the points."""
        points = self.metrics.get(key)
        if not points:
            return None
        by_step = sorted(points, key=lambda point: (point[0], point[1], codes.encode(point[2])))
        numbers = [codes.encode(value) for _, _, value in points if not math.isnan(value)]
        match statistic:
            case Statistic.LATEST:
                return by_step[-1][2]
            case Statistic.FIRST:
                return by_step[0][2]
            case Statistic.COUNT:
                return len(points)
            case Statistic.MIN:
                return codes.decode(min(numbers)) if numbers else math.nan
            case _:
                return codes.decode(max(numbers)) if numbers else math.nan


@dataclass
class World:
    """A store and what is in it."""

    store: Store
    runs: list[ModelRun]
    experiments: tuple[int, ...]


def make_world(store: Store, seed: int, count: int = 90) -> World:
    """Fill a store with random runs that hold ties, NaN, infinities, missing keys and deleted ones."""
    rng = random.Random(seed)
    experiments = (1, 2, 3)
    model = [_random_run(rng, number, rng.choice(experiments)) for number in range(count)]
    for run in model:
        store.writer.call(lambda tx, run=run: _write(tx, run))
    return World(store, model, experiments)


def _random_run(rng: random.Random, number: int, experiment: int) -> ModelRun:
    run = ModelRun(
        number=number,
        run_id=f"{rng.getrandbits(128):032x}",
        experiment=experiment,
        deleted=rng.random() < 0.15,
        name=rng.choice(TEXTS),
        user_id=rng.choice(("ann", "bob", "Bob")),
        status=rng.choice(STATUSES),
        start_time=rng.choice((0, 0, 5, 5, 7, 10**12)),
        end_time=rng.choice((None, 6, 8, 10**12)),
        artifact_uri=f"mlflow-artifacts:/{experiment}/x",
    )
    for key in METRICS:
        if rng.random() < 0.7:
            points = {
                (rng.randrange(-2, 4), rng.randrange(3), rng.randrange(len(VALUES)))
                for _ in range(rng.randrange(1, 5))
            }
            run.metrics[key] = [(step, time, VALUES[index]) for step, time, index in sorted(points)]
            rng.shuffle(run.metrics[key])
    run.params = {key: rng.choice(TEXTS) for key in PARAMS if rng.random() < 0.7}
    run.tags = {key: rng.choice(TEXTS) for key in TAGS if rng.random() < 0.7}
    names = rng.sample(("train", "test", "Train"), rng.randrange(3))
    run.datasets = [
        (name, rng.choice(("d1", "d2")), rng.choice((None, "training", "eval"))) for name in names
    ]
    return run


def _write(tx: Any, run: ModelRun) -> None:
    ref = runs.insert_run(
        tx, (run.run_id, run.experiment, run.name, run.user_id, run.start_time, run.artifact_uri)
    )
    runs.update_run(tx, ref, {"status": RunStatus(run.status).number, "end_time": run.end_time})
    annotations.insert_params(tx, ref, run.params)
    annotations.set_tags(tx, ref, [Tag(key=key, value=value) for key, value in run.tags.items()])
    keys = intern_keys(tx, run.metrics)
    for key, points in run.metrics.items():
        series.add_points(
            tx, ref, keys[key], 0, [(time, step, codes.encode(value)) for step, time, value in points]
        )
    used = []
    for name, digest, context in run.datasets:
        tags = [Tag(key="mlflow.data.context", value=context)] if context else []
        used.append(DatasetInput(tags=tags, dataset=Dataset(name=name, digest=digest)))
    inputs.insert_datasets(tx, ref, used)
    series.flush_points(tx)
    if run.deleted:
        runs.update_deleted(tx, [(ref.id, run.experiment)], deleted=True, now=1)


def like(pattern: str, text: str) -> bool:
    """Tell whether a text matches a pattern of LIKE."""
    parts = [".*" if char == "%" else "." if char == "_" else re.escape(char) for char in pattern]
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def lower(text: str) -> str:
    """Return a text in lower case, each character by itself."""
    return "".join(char.lower()[0] for char in text)


def matches(node: Node | None, run: ModelRun) -> bool:  # noqa: PLR0911 - one for each kind of node
    """Tell whether a run matches a filter."""
    match node:
        case None:
            return True
        case And(children):
            return all(matches(child, run) for child in children)
        case Or(children):
            return any(matches(child, run) for child in children)
        case Not(child):
            return not matches(child, run)
    if node.field.entity is Entity.DATASET:
        column = ("name", "digest", "context").index(node.field.key)
        values = [dataset[column] for dataset in run.datasets]
        return any(value is not None and _holds(node, value) for value in values)
    value = _value(node.field, run)
    if isinstance(node, IsNull):
        return (value is None) is not node.negated
    if node.field.entity is Entity.PARAM and value is not None and _is_numeric(node):
        value = find_number(value)
    return value is not None and _holds(node, value)


def _is_numeric(node: Any) -> bool:
    if isinstance(node, In):
        return not isinstance(node.values[0], str)
    return isinstance(node, Between) or not isinstance(node.value, str)


def _value(field: Field, run: ModelRun) -> Any:
    match field.entity:
        case Entity.METRIC:
            return run.statistic(field.key, field.statistic)
        case Entity.PARAM:
            return run.params.get(field.key)
        case Entity.TAG:
            return run.tags.get(field.key)
    return getattr(run, {"run_name": "name"}.get(field.key, field.key))


def _holds(node: Any, value: Any) -> bool:
    match node:
        case In(_, values, negated):
            return (value in values) is not negated
        case Between(_, low, high):
            return bool(low <= value <= high)
    tests = {
        Op.EQ: lambda: value == node.value,
        Op.NE: lambda: value != node.value,
        Op.GT: lambda: value > node.value,
        Op.GE: lambda: value >= node.value,
        Op.LT: lambda: value < node.value,
        Op.LE: lambda: value <= node.value,
        Op.LIKE: lambda: like(node.value, value),
        Op.ILIKE: lambda: like(lower(node.value), lower(value)),
    }
    return bool(tests[node.op]())


def ordered(found: list[ModelRun], keys: tuple[OrderKey, ...]) -> list[ModelRun]:
    """Return runs in an order: NaN after numbers and nothing last, in both directions."""

    def compare(a: ModelRun, b: ModelRun) -> int:
        for key in keys:
            first, second = _rank(_value(key.field, a)), _rank(_value(key.field, b))
            if first[0] != second[0]:
                return -1 if first[0] < second[0] else 1
            if first[1] != second[1]:
                return -1 if (first[1] < second[1]) is key.ascending else 1
        return 0

    return sorted(found, key=functools.cmp_to_key(compare))


def _rank(value: Any) -> tuple[int, Any]:
    if value is None:
        return 2, 0
    if isinstance(value, float):
        return (1, 0) if math.isnan(value) else (0, codes.encode(value))
    return 0, value
