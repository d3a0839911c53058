"""``headrace demo``: train real models, log them to a running server by the calls that any script makes, read everything back.

Where Optuna is installed, it searches for a better network on one of the data sets, each trial a run beneath the search's.
"""

import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from time import perf_counter
from types import FrameType, ModuleType
from typing import Any

import click
from msgspec import Struct

from headrace.api.runs import Run
from headrace.base import plugins
from headrace.base.errors import InternalError
from headrace.cli.demo_log import (
    LoggedRun,
    Report,
    RunPlan,
    build_files,
    choose_experiment,
    find_differences,
    log_run,
)
from headrace.cli.demo_server import RunningServer, start_server
from headrace.cli.output import json_option, print_json, print_table
from headrace.client import Client, connect
from headrace.fluent.datasets.constructors import from_numpy
from headrace.fluent.logging import log_metric
from headrace.fluent.runs import start_run
from headrace.fluent.state import flush_all, set_tracking_uri

EXPERIMENTS = "demo/"
SEARCHED = "digits"
"""The data set that Optuna searches a network for."""
TRIALS = 8
LEADERS = 5
_RANK_BY = "test_accuracy"
_SESSION_TAG = "demo_session"


class Outcome(Struct, frozen=True):
    """What the demo did.

    Args:
        experiments: ids by the name of the data set.
        runs: what was logged.
        seconds: how long training and logging took, in all.
        differences: between what was logged and what was read back.
        session: a tag's value that the runs have and no other runs.
    """

    experiments: dict[str, str]
    runs: list[LoggedRun]
    seconds: float
    differences: list[str]
    session: str


@click.command()
@click.option(
    "--tracking-uri", default=None, metavar="URI", help="Log to this server instead of starting one."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("headrace-demo"),
    show_default=True,
    help="Where the server that the demo starts keeps its data.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Where that server listens. Unless given: a free port.",
)
@click.option(
    "--serve/--no-serve", default=True, show_default=True, help="Whether that server goes on until Ctrl-C."
)
@json_option
def demo(tracking_uri: str | None, folder: Path, port: int, serve: bool, as_json: bool) -> None:
    """Train real models on real data, log them to a server, read them back.

    Needs scikit-learn (pip install 'headrace[demo]'), a few seconds and no network.
    """
    training = plugins.load("headrace.cli.demo_training", extra="demo", purpose="headrace demo")
    signal.signal(signal.SIGTERM, _interrupt)
    with ExitStack() as stack:
        own = None if tracking_uri else stack.enter_context(start_server(folder, port))
        uri = own.url if own else str(tracking_uri)
        click.echo(f"{'Started a server at' if own else 'Using the server at'} {uri}", err=True)
        with connect(uri) as client:
            outcome = run_demo(client, training)
            leaders = {name: search_leaders(client, outcome, name) for name in outcome.experiments}
        if as_json:
            print_json(summarize(uri, outcome, leaders))
        else:
            show(outcome, leaders)
            show_next_steps(uri, leaders, folder if own and not serve else None)
        if outcome.differences:
            raise InternalError(
                f"{len(outcome.differences)} things were read back other than they were logged, the first: {outcome.differences[0]}"
            )
        if own and serve:
            wait(own)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Turn SIGTERM into what Ctrl-C does, so that the server is stopped."""
    raise KeyboardInterrupt


def run_demo(client: Client, training: ModuleType) -> Outcome:
    """Train and log all candidates on all data sets, then read them back."""
    start = perf_counter()
    session = secrets.token_hex(4)
    set_tracking_uri(client.uri)
    experiments: dict[str, str] = {}
    runs: list[LoggedRun] = []
    jobs = [(name, candidate) for name in training.DATASETS for candidate in training.CANDIDATES]
    quiet = not sys.stderr.isatty()
    splits = {name: training.load_split(name) for name in training.DATASETS}
    with nullcontext() if quiet else click.progressbar(jobs, label="Training", file=sys.stderr) as bar:
        for name, candidate in bar or jobs:
            if name not in experiments:
                experiments[name] = choose_experiment(EXPERIMENTS + name)
            runs.append(train_and_log(training, splits[name], candidate, session))
    if find_spec("optuna"):
        experiments[SEARCHED] = choose_experiment(EXPERIMENTS + SEARCHED)
        runs += search_network(training, splits[SEARCHED], session)
    flush_all()
    seconds = perf_counter() - start
    differences = [line for logged in runs for line in find_differences(client, logged)]
    return Outcome(experiments, runs, seconds, differences, session)


def train_and_log(
    training: ModuleType, split: Any, candidate: Any, session: str, *, nested: bool = False
) -> LoggedRun:
    """Train one candidate on one data set, logging each step as it comes."""
    plan = RunPlan(
        candidate.name,
        {"family": candidate.family, "seed": training.SEED, **candidate.params},
        {"library": training.LIBRARY, "mlflow.source.name": "headrace demo", _SESSION_TAG: session},
        from_numpy(split.x, targets=split.y, name=split.name),
        nested,
    )
    steps: list[Any] = []

    def note_steps() -> Iterator[tuple[int, dict[str, float]]]:
        for step in training.train(candidate, split):
            steps.append(step)
            yield step.number, step.metrics

    def describe() -> Report:
        pictures = plugins.load("headrace.cli.demo_pictures", extra="demo", purpose="headrace demo")
        facts = {
            "data": f"{split.name} ({len(split.train_y)} examples to learn from, {len(split.test_y)} to be judged by)",
            **plan.params,
            "library": training.LIBRARY,
            **{f"final {key}": value for key, value in steps[-1].metrics.items()},
        }
        title = f"{candidate.name}, on {split.name}"
        confusions = training.count_confusions(split, steps[-1].guesses)
        figure = pictures.draw(title, [step.metrics for step in steps], split.classes, confusions)
        return Report(build_files(title, facts, split.classes, confusions), figure)

    return log_run(plan, note_steps(), describe)


def search_network(training: ModuleType, split: Any, session: str) -> list[LoggedRun]:
    """Let Optuna choose networks, and train each of them in a run beneath that of the search."""
    tuning = plugins.load("headrace.cli.demo_tuning", extra="demo", purpose="the search of headrace demo")
    trials: list[LoggedRun] = []

    def judge(params: dict[str, int | float]) -> float:
        name = f"trial {len(trials)}"
        candidate = training.Candidate(name, "network", params)
        trials.append(train_and_log(training, split, candidate, session, nested=True))
        return trials[-1].last_values()[_RANK_BY]

    with start_run(run_name="search by Optuna", tags={"library": tuning.LIBRARY}):
        for number, best in enumerate(tuning.search(judge, TRIALS, training.SEED)):
            log_metric(f"best_{_RANK_BY}", best, step=number)
    return trials


def search_leaders(client: Client, outcome: Outcome, name: str) -> list[Run]:
    """Return the best of the runs that the demo has just made on one data set, as the server finds and orders them.

    What differs from the order of the values that were logged is added to `outcome.differences`.
    """
    experiment_id = outcome.experiments[name]
    found = client.runs.search(
        [experiment_id],
        filter=f"tags.{_SESSION_TAG} = '{outcome.session}' AND attributes.status = 'FINISHED'",
        order_by=[f"metrics.{_RANK_BY} DESC", "metrics.test_loss ASC"],
        page_size=LEADERS,
    )
    leaders = list(islice(found, LEADERS))
    logged = [run.last_values() for run in outcome.runs if run.dataset[0] == name]
    best = sorted((-values[_RANK_BY], values["test_loss"]) for values in logged)[:LEADERS]
    read = [(-values[_RANK_BY], values["test_loss"]) for values in map(_latest, leaders)]
    if read != best:
        outcome.differences.append(f"leaders on {name}: logged {best}, read {read}")
    return leaders


def _latest(run: Run) -> dict[str, float]:
    return {metric.key: metric.value for metric in run.data.metrics or ()}


def summarize(uri: str, outcome: Outcome, leaders: dict[str, list[Run]]) -> dict[str, object]:
    """Return the outcome for ``--json``."""
    return {
        "tracking_uri": uri,
        "experiments": outcome.experiments,
        "runs": len(outcome.runs),
        "points": sum(logged.count_points() for logged in outcome.runs),
        "seconds": round(outcome.seconds, 3),
        "differences": outcome.differences,
        "leaders": {
            name: [{"run_id": run.info.run_id, "name": run.info.run_name, **_latest(run)} for run in found]
            for name, found in leaders.items()
        },
    }


def show(outcome: Outcome, leaders: dict[str, list[Run]]) -> None:
    """Print the outcome and a leaderboard."""
    points = sum(logged.count_points() for logged in outcome.runs)
    files = sum(len(logged.files) for logged in outcome.runs)
    click.echo(
        f"Trained {len(outcome.runs)} models in {outcome.seconds:.1f} s and logged {points} points and {files} files while they learned."
    )
    if not outcome.differences:
        click.echo("Read everything back: each value is what was logged, to the last bit.")
    click.echo()
    print_table(
        ["Experiment", "Model", ">accuracy", ">loss", ">f1"],
        [
            [EXPERIMENTS + name if place == 0 else "", run.info.run_name, *_scores(run)]
            for name, found in leaders.items()
            for place, run in enumerate(found)
        ],
        whole=["Experiment"],
    )


def show_next_steps(uri: str, leaders: dict[str, list[Run]], folder: Path | None) -> None:
    """Print what to try next.

    Args:
        uri: the server.
        leaders: from `search_leaders`.
        folder: where the data are if the server is stopped now; None if it goes on.
    """
    click.echo("\nTry next:")
    if folder is None:
        click.echo(f"  {uri}    # the runs in a browser")
    else:
        uri = "http://127.0.0.1:5000"
        place = folder.as_posix()
        click.echo(
            f"  headrace server --backend-store-uri sqlite:///{place}/headrace.db --artifacts-destination {place}/artifacts"
        )
    click.echo(f"  export MLFLOW_TRACKING_URI={uri}    # any MLflow client logs here now")
    name, found = next(iter(leaders.items()))
    click.echo(f"  headrace runs list -e {EXPERIMENTS}{name} --order-by 'metrics.{_RANK_BY} DESC'")
    for run in found[:1]:
        click.echo(f"  headrace runs metrics {run.info.run_id} test_loss")
        click.echo(f"  headrace artifacts download {run.info.run_id} model_card.md")


def _scores(run: Run) -> list[str]:
    latest = _latest(run)
    return [f"{latest[key]:.4f}" for key in (_RANK_BY, "test_loss", "test_f1") if key in latest]


def wait(own: RunningServer) -> None:
    """Leave the server running until it ends, or until Ctrl-C."""
    click.echo(f"\nThe server goes on at {own.url}; Ctrl-C stops it.", err=True)
    try:
        own.process.wait()
    except (KeyboardInterrupt, subprocess.SubprocessError):
        click.echo("Stopping the server.", err=True)
