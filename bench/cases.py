"""The list of cases: what each measures, in which unit, and what is aimed at. It knows no figure and no process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from artifacts import measure_artifacts
from databases import Database
from ingest import (
    BatchBodies,
    measure_batches,
    measure_created_runs,
    measure_metrics,
    measure_metrics_of_many,
)
from plan import Plan
from reads import QUERIES, measure_history, measure_search
from reference import measure_bare_answers, measure_commits
from servers import FASTTRACKML, MLFLOW, BareServer
from target import Sample, Target

BARE = "bare"
COMMITS = "commits"


@dataclass(frozen=True)
class Case:
    """One case.

    Args:
        key: Short name, for options and results.
        title: What the table says.
        unit: Unit of the figure.
        measure: Measures one sample on one server; the second argument is the number of the repetition.
        repetitions: Samples on each server.
        more_is_better: Whether a greater figure is the better one.
        filled: Whether it needs a filled store.
        aims: For the key of a rival, how many times better headrace is to be.
        references: Figures of the machine itself, measured in the same repetition.
    """

    key: str
    title: str
    unit: str
    measure: Callable[[Target, int], Sample]
    repetitions: int
    more_is_better: bool = True
    filled: bool = False
    aims: dict[str, float] = field(default_factory=dict)
    references: dict[str, Callable[[], Sample]] = field(default_factory=dict)


def _aim(fasttrackml: float, mlflow: float) -> dict[str, float]:
    return {FASTTRACKML.key: fasttrackml, MLFLOW.key: mlflow}


def make_ingest_cases(plan: Plan, bare: BareServer, database: Database) -> list[Case]:
    """Make the cases that write, with the references measured beside log-metric."""
    bodies = BatchBodies(plan)
    times = plan.repetitions

    def batches(clients: int) -> Callable[[Target, int], Sample]:
        return lambda target, _: measure_batches(target, plan, bodies, clients)

    return [
        Case(
            "batch-1",
            "log-batch of 1,000 metrics, 1 client",
            "metrics/s",
            batches(1),
            times,
            aims=_aim(8, 40),
        ),
        Case("batch-8", "log-batch of 1,000 metrics, 8 clients", "metrics/s", batches(8), times),
        Case(
            "metric-1",
            "log-metric, durable, 1 client",
            "requests/s",
            lambda target, _: measure_metrics(target, plan),
            times,
            aims=_aim(2.5, 50),
            references={
                BARE: partial(measure_bare_answers, bare, plan),
                COMMITS: partial(measure_commits, database, bare.folder, plan),
            },
        ),
        Case(
            "metric-1-quickack",
            "the same, client with TCP_QUICKACK",
            "requests/s",
            lambda target, _: measure_metrics(target, plan, quickack=True),
            times,
            references={BARE: partial(measure_bare_answers, bare, plan, quickack=True)},
        ),
        Case(
            "metric-16",
            "log-metric, durable, 16 clients",
            "requests/s",
            lambda target, _: measure_metrics_of_many(target, plan),
            times,
            aims=_aim(4, 40),
            references={BARE: partial(measure_bare_answers, bare, plan, clients=16)},
        ),
        Case(
            "create",
            "create run + 20 params + 20 metrics + 5 tags",
            "runs/s",
            lambda target, _: measure_created_runs(target, plan),
            times,
            aims=_aim(3, 30),
        ),
    ]


def make_read_cases(plan: Plan) -> list[Case]:
    """Make the cases that read filled stores."""

    def searches(index: int) -> Callable[[Target, int], Sample]:
        return lambda target, _: measure_search(target, plan, QUERIES[index])

    cases = [
        Case(
            query.key,
            f"search in {plan.search_runs:,} runs: {query.title}, p50",
            "ms",
            searches(index),
            plan.repetitions,
            more_is_better=False,
            filled=True,
            aims=_aim(4, 20),
        )
        for index, query in enumerate(QUERIES)
    ]
    cases.append(
        Case(
            "history",
            f"full history of {plan.history_points:,} points",
            "points/s",
            lambda target, _: measure_history(target, plan),
            plan.history_repetitions,
            filled=True,
            aims=_aim(5, 15),
        )
    )
    return cases


def make_artifact_case(plan: Plan) -> Case:
    """Make the case of artifacts through the server."""
    return Case(
        "artifacts",
        f"artifact of {plan.artifact_mib} MiB, up",
        "MB/s",
        lambda target, repetition: measure_artifacts(target, plan, repetition),
        min(3, plan.repetitions),
    )
