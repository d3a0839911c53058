"""How much is measured: sizes, repetitions and time budgets of a run. It knows no server and no case."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Sizes of one run of the benchmark.

    Each sample stops when its work is done or its budget is over, and says which.
    """

    name: str
    repetitions: int
    """Samples of each case on each server; the table shows their median."""
    history_repetitions: int
    starts: int
    """Starts on a store that exists already; the first start, on none, is measured apart."""
    settle_s: float
    """Longest wait after a start until the server's processes are quiet."""
    budget_s: float
    """Longest time of one sample."""
    batches: int
    """Batches of 1,000 metrics in a sample of log-batch, over all its clients."""
    metrics: int
    """Requests in a sample of log-metric with one client."""
    metrics_of_many: int
    """Requests in a sample of log-metric with 16 clients, over all of them."""
    created_runs: int
    commits: int
    search_runs: int
    """Runs in the experiment that is searched."""
    searches: int
    """Requests in a sample of a search."""
    history_points: int
    history_budget_s: float
    fill_budget_s: float
    """Longest time to fill the experiment that is searched, and again for the long history."""
    artifact_mib: int
    small_files: int


FULL = Plan(
    name="full",
    repetitions=5,
    history_repetitions=3,
    starts=3,
    settle_s=45,
    budget_s=6,
    batches=200,
    metrics=3_000,
    metrics_of_many=8_000,
    created_runs=500,
    commits=2_000,
    search_runs=10_000,
    searches=15,
    history_points=1_000_000,
    history_budget_s=60,
    fill_budget_s=900,
    artifact_mib=256,
    small_files=500,
)

MEDIUM = Plan(
    name="medium",
    repetitions=3,
    history_repetitions=2,
    starts=2,
    settle_s=30,
    budget_s=4,
    batches=200,
    metrics=2_000,
    metrics_of_many=8_000,
    created_runs=300,
    commits=1_000,
    search_runs=10_000,
    searches=10,
    history_points=1_000_000,
    history_budget_s=20,
    fill_budget_s=180,
    artifact_mib=256,
    small_files=300,
)

QUICK = Plan(
    name="quick",
    repetitions=2,
    history_repetitions=1,
    starts=0,
    settle_s=30,
    budget_s=1,
    batches=40,
    metrics=500,
    metrics_of_many=1_000,
    created_runs=100,
    commits=500,
    search_runs=200,
    searches=5,
    history_points=20_000,
    history_budget_s=5,
    fill_budget_s=10,
    artifact_mib=32,
    small_files=50,
)

SMOKE = Plan(
    name="smoke",
    repetitions=1,
    history_repetitions=1,
    starts=0,
    settle_s=1,
    budget_s=0.5,
    batches=8,
    metrics=50,
    metrics_of_many=64,
    created_runs=10,
    commits=50,
    search_runs=40,
    searches=2,
    history_points=3_000,
    history_budget_s=2,
    fill_budget_s=3,
    artifact_mib=2,
    small_files=5,
)

PLANS = {plan.name: plan for plan in (FULL, MEDIUM, QUICK, SMOKE)}
