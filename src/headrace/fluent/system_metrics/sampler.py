"""The thread that samples for one run, and logs the means.

Each value is logged with the time of its last sample. The first mean is logged after the first interval, and a last one when the run ends, so that a short run
has one, too. Steps count from 0; for a run that goes on, from behind its last step. The module does not know what is measured.
"""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from headrace.base.clock import now_ms
from headrace.base.errors import HeadraceError
from headrace.base.plugins import load

LOGGER = logging.getLogger("headrace")
MAX_WAITING = 1000
"""So many means wait at most while the last step of a run that goes on is not known."""

FindStep = Callable[[str], int | None]
"""Returns the last step of the metrics whose keys begin with a text, or None."""


class SampledLog(Protocol):
    """Where a run's metrics go."""

    @property
    def run_id(self) -> str:
        """The run's id."""

    def log_point(self, key: str, value: float, step: int, time_ms: int) -> None:
        """Log one value."""


class Sampled(Protocol):
    """A run whose machine is sampled."""

    @property
    def log(self) -> SampledLog:
        """Where its metrics go."""


class Sampler(threading.Thread):
    """Samples until it is stopped.

    Args:
        log: where the metrics go.
        prefix: of their keys.
        interval_s: seconds between two samples.
        samples: of how many the mean is logged.
        find_step: tells the last step of a run that goes on; None for a new run.
    """

    def __init__(
        self, log: SampledLog, *, prefix: str, interval_s: float, samples: int, find_step: FindStep | None
    ) -> None:
        super().__init__(name="headrace-system-metrics", daemon=True)
        self.log = log
        self._prefix = prefix
        self._interval_s = interval_s
        self._samples = samples
        self._find_step = find_step
        self._next_step = 0
        self._ends = threading.Event()
        self._taken: list[dict[str, float]] = []
        self._waiting: list[tuple[int, dict[str, float]]] = []

    def run(self) -> None:
        """Sample and log until the run ends; an error ends the sampling, and never the training."""
        try:
            self._sample_until_end()
        except (HeadraceError, OSError) as error:
            LOGGER.warning("The system metrics of run %s stop: %s", self.log.run_id, error)

    def stop(self, timeout_s: float) -> None:
        """Ask for a last sample and the end, and wait for them.

        Args:
            timeout_s: how long, at most.
        """
        self._ends.set()
        self.join(timeout_s)

    def _sample_until_end(self) -> None:
        machine = load(
            "headrace.fluent.system_metrics.machine", extra="system", purpose="The logging of system metrics"
        ).open_machine()
        try:
            has_ended = False
            while not has_ended:
                has_ended = self._ends.wait(self._interval_s)
                self._taken.append(machine.sample())
                if has_ended or len(self._taken) >= self._samples:
                    self._waiting.append((now_ms(), average(self._taken)))
                    self._taken = []
                    self._log_waiting(is_last=has_ended)
        finally:
            machine.close()

    def _log_waiting(self, *, is_last: bool) -> None:
        """Log the means; those of a run that goes on wait until its last step is known, or, at the end, go without it."""
        if self._find_step is not None:
            try:
                last = self._find_step(self._prefix)
            except HeadraceError:
                if not is_last and len(self._waiting) < MAX_WAITING:
                    return
            else:
                self._next_step = 0 if last is None else last + 1
            self._find_step = None
        for time_ms, values in self._waiting:
            for name, value in values.items():
                self.log.log_point(self._prefix + name, value, self._next_step, time_ms)
            self._next_step += 1
        self._waiting.clear()


def average(samples: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each value over the samples that have it, to one decimal; of what is counted from the beginning (``network_``) the last one, in full."""
    means: dict[str, float] = {}
    for name in dict.fromkeys(name for sample in samples for name in sample):
        values = [sample[name] for sample in samples if name in sample]
        means[name] = values[-1] if name.startswith("network_") else round(sum(values) / len(values), 1)
    return means
