"""Two real training loops, in numpy and in PyTorch, that log 20 metrics a step; with logging and without, in turns.

Blocks of steps alternate within one process, so that a drift of the machine hits both alike.
"""

import importlib
import time
from collections.abc import Callable
from typing import Any

METRICS = 20
STEPS_OF_BLOCK = 400
"""Some seconds, and two blocks that log stand side by side: what is sent in the background up to 2 s later falls mostly into the blocks that have logged it."""
WIDTH = 512
BATCH = 512

Log = Callable[[dict[str, float], int], object]
_WARM_STEPS = 25


def run_blocks(kind: str, log: Log, blocks: int) -> list[tuple[float, float]]:
    """Train, and return for each pair of blocks the seconds of the one without logging and of the one with it."""
    step = {"numpy": _make_numpy, "torch": _make_torch}[kind]()
    for _ in range(_WARM_STEPS):
        step()
    times: list[tuple[float, float]] = []
    place = 0
    for pair in range(blocks):
        seconds = {}
        for logs in (False, True) if pair % 2 else (True, False):
            start = time.perf_counter()
            for _ in range(STEPS_OF_BLOCK):
                metrics = step()
                if logs:
                    log(metrics, place)
                    place += 1
            seconds[logs] = time.perf_counter() - start
        times.append((seconds[False], seconds[True]))
    return times


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
