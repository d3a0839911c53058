"""Two real training loops, in numpy and in PyTorch, that log 20 metrics a step, and by how much that slows them down.

The time of a step wanders by a fifth within seconds on a shared machine, so that blocks with and without logging cannot be compared to a hundredth. What logging costs is
measured where it arises instead, against steps close by, and added up (`Round.slower`):

- the call: its time, as a share of the step's;
- what it leaves behind, such as caches that it has used: steps after a call against those before, while every second step logs;
- what happens in the background: by how much the mean of a step exceeds the median of the 41 around it, while all steps log and while none does.
"""

import importlib
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

METRICS = 20
WIDTH = 512
BATCH = 512

Log = Callable[[dict[str, float], int], object]
_WARM_STEPS = 100
_STEPS = 1_400
_SETTLING = 350
"""Steps at the beginning of a phase that do not count: what the phase before has logged may still be under way, for some 2 s."""
_TURNS = 500
_AROUND = 20
_PHASES: dict[str, Callable[[int], bool]] = {
    "none": lambda _: False,
    "all": lambda _: True,
    "every second": lambda place: place % 2 == 1,
}
"""Which steps log, by their number."""


class Round(NamedTuple):
    """Shares of the time of a step.

    Attributes:
        call: of the call that logs.
        after: by how much a step after a call is slower.
        stalls: by how much the mean of all exceeds the median of those close by, while all steps log.
        stalls_alone: the same while none does.
        step_s: median of a step that does not log, in seconds.
    """

    call: float
    after: float
    stalls: float
    stalls_alone: float
    step_s: float

    @property
    def slower(self) -> float:
        """By what share logging slows the training down."""
        return self.call + self.after + self.stalls - self.stalls_alone


class _Steps(NamedTuple):
    """Seconds of steps, the call included, and of the calls within them."""

    whole: list[float]
    calls: list[float]


def run_rounds(kind: str, log: Log, rounds: int) -> list[Round]:
    """Train in rounds of three phases: no step logs, all do, every second does."""
    step = {"numpy": _make_numpy, "torch": _make_torch}[kind]()
    training = _Training(step, log)
    training.run(_WARM_STEPS, _PHASES["all"])
    return [_run_round(training, number) for number in range(rounds)]


class _Training:
    """A training that logs some of its steps."""

    def __init__(self, step: Callable[[], dict[str, float]], log: Log) -> None:
        self._step, self._log = step, log
        self._logged = 0

    def run(self, count: int, logs: Callable[[int], bool]) -> _Steps:
        """Make so many steps; log those of which `logs` says so."""
        clock, step, log = time.perf_counter, self._step, self._log
        seconds = _Steps([], [])
        for number in range(count):
            wanted = logs(number)
            begun = clock()
            metrics = step()
            done = clock()
            if wanted:
                log(metrics, self._logged)
                ended = clock()
                self._logged += 1
            else:
                ended = done
            seconds.whole.append(ended - begun)
            seconds.calls.append(ended - done)
        return seconds


def _run_round(training: _Training, number: int) -> Round:
    found: dict[str, _Steps] = {}
    for phase in ("none", "all") if number % 2 else ("all", "none"):
        steps = training.run(_STEPS, _PHASES[phase])
        found[phase] = _Steps(steps.whole[_SETTLING:], steps.calls[_SETTLING:])
    return Round(
        call=sum(found["all"].calls) / sum(found["all"].whole),
        after=_compare(training.run(_TURNS, _PHASES["every second"])),
        stalls=_find_stalls(found["all"].whole),
        stalls_alone=_find_stalls(found["none"].whole),
        step_s=statistics.median(found["none"].whole),
    )


def _compare(turns: _Steps) -> float:
    """Return by what share steps behind a call are slower than the ones before them, calls left out. Every second step logs, the first does not."""
    bare = [whole - call for whole, call in zip(*turns, strict=True)]
    return statistics.median(
        behind / before - 1 for before, behind in zip(bare[1::2], bare[2::2], strict=False)
    )


def _find_stalls(whole: Sequence[float]) -> float:
    """Return by what share of the median close by the mean exceeds it."""
    width = 2 * _AROUND + 1
    middles = [statistics.median(whole[start : start + width]) for start in range(len(whole) - width + 1)]
    here = whole[_AROUND : len(whole) - _AROUND]
    return statistics.fmean(each / middle - 1 for each, middle in zip(here, middles, strict=True))


def _name(values: list[float]) -> dict[str, float]:
    return {f"metric-{number}": value for number, value in enumerate(values)}


def _make_numpy() -> Callable[[], dict[str, float]]:
    """A network of three layers on handwritten digits of random strokes, plain gradient descent."""
    np: Any = importlib.import_module("numpy")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, 64)).astype("float32")
    y = rng.integers(0, 10, BATCH)
    layers = [
        rng.standard_normal(shape).astype("float32") * 0.05
        for shape in ((64, WIDTH), (WIDTH, WIDTH), (WIDTH, 10))
    ]

    def step() -> dict[str, float]:
        first = np.maximum(x @ layers[0], 0)
        second = np.maximum(first @ layers[1], 0)
        logits = second @ layers[2]
        shares = np.exp(logits - logits.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        loss = float(-np.log(shares[np.arange(BATCH), y]).mean())
        delta = shares
        delta[np.arange(BATCH), y] -= 1
        delta /= BATCH
        back = (delta @ layers[2].T) * (second > 0)
        gradients = [x.T @ ((back @ layers[1].T) * (first > 0)), first.T @ back, second.T @ delta]
        for layer, gradient in zip(layers, gradients, strict=True):
            np.subtract(layer, 0.05 * gradient, out=layer)
        return _name([loss] * (METRICS - 3) + [float(abs(each).max()) for each in gradients])

    return step


def _make_torch() -> Callable[[], dict[str, float]]:
    """The same network, trained by AdamW."""
    torch: Any = importlib.import_module("torch")
    torch.manual_seed(0)
    x = torch.randn(BATCH, 64)
    y = torch.randint(0, 10, (BATCH,))
    model = torch.nn.Sequential(
        torch.nn.Linear(64, WIDTH),
        torch.nn.ReLU(),
        torch.nn.Linear(WIDTH, WIDTH),
        torch.nn.ReLU(),
        torch.nn.Linear(WIDTH, 10),
    )
    optimizer = torch.optim.AdamW(model.parameters())
    measure = torch.nn.CrossEntropyLoss()

    def step() -> dict[str, float]:
        optimizer.zero_grad()
        loss = measure(model(x), y)
        loss.backward()
        optimizer.step()
        value = loss.item()
        return _name([value / (number + 1) for number in range(METRICS)])

    return step
