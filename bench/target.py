"""A server in a run of the benchmark: what has been stored on it so far, and what was measured.

It knows how to create experiments and runs by MLflow's wire, and what a sample is; it knows no case.
"""

from dataclasses import dataclass, field
from statistics import median

from load import Load
from payload import START_MS
from servers import API, Server
from wire import Connection


@dataclass
class Sample:
    """One measurement: the figure, how much of the work it covers, and further figures by name with their unit."""

    figure: float | None
    done: int = 0
    planned: int = 0
    errors: int = 0
    note: str = ""
    details: dict[str, float | str] = field(default_factory=dict)


@dataclass
class Target:
    """A server, the ids of what was created on it, and how far its filled experiments are."""

    server: Server
    searched_experiment: str = ""
    searched_runs: int = 0
    history_run: str = ""
    history_points: int = 0
    experiments: int = 0

    @property
    def key(self) -> str:
        """The product's short name."""
        return self.server.product.key

    def create_experiment(self, connection: Connection) -> str:
        """Create an experiment under a new name; give its id."""
        self.experiments += 1
        name = f"bench-{self.experiments}"
        return str(connection.call("POST", f"{API}/experiments/create", {"name": name})["experiment_id"])

    def create_runs(self, count: int) -> list[str]:
        """Create runs in a new experiment; give their ids."""
        with self.server.connect(quickack=True) as connection:
            experiment_id = self.create_experiment(connection)
            body = {"experiment_id": experiment_id, "start_time": START_MS, "user_id": "bench"}
            return [
                str(connection.call("POST", f"{API}/runs/create", body)["run"]["info"]["run_id"])
                for _ in range(count)
            ]


def get_quantile_ms(values_s: list[float], share: float) -> float:
    """Get the quantile of some seconds, in milliseconds; 0 where there is none."""
    ordered = sorted(values_s)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3, 3) if ordered else 0.0


def summarize(load: Load, units_per_request: int = 1) -> Sample:
    """Make a sample of a load: units a second, with the latencies of its requests."""
    return Sample(
        figure=round(load.per_second(units_per_request), 1) if load.done else None,
        done=load.done,
        planned=load.planned,
        errors=load.errors,
        note=load.first_error,
        details={
            "p50_ms": get_quantile_ms(load.latencies_s, 0.5),
            "p99_ms": get_quantile_ms(load.latencies_s, 0.99),
            "wall_s": round(load.wall_s, 3),
        },
    )


def find_median(samples: list[Sample]) -> float | None:
    """Find the median of the samples that have a figure."""
    figures = [sample.figure for sample in samples if sample.figure is not None]
    return median(figures) if figures else None
