"""What names of metrics say: whether more or less is better, and which of several speaks for a run. The pages guess by the same words."""

import re

LOWER = frozenset(
    [
        "loss",
        "losses",
        "error",
        "errors",
        "err",
        "mae",
        "mse",
        "rmse",
        "mape",
        "smape",
        "rmsle",
        "wer",
        "cer",
        "ter",
        "ppl",
        "perplexity",
        "nll",
        "bpb",
        "bpc",
        "logloss",
        "crossentropy",
        "entropy",
        "fid",
        "kid",
        "kl",
        "latency",
        "duration",
        "time",
        "seconds",
        "sec",
        "ms",
        "minutes",
        "hours",
        "memory",
        "mem",
        "regret",
        "cost",
        "fpr",
        "fnr",
        "eer",
        "brier",
        "ece",
        "misclassified",
        "distance",
        "divergence",
        "elapsed",
        "energy",
        "flops",
        "violations",
        "penalty",
        "deviance",
        "aic",
        "bic",
    ]
)
NEITHER = frozenset(
    [
        "epoch",
        "epochs",
        "step",
        "steps",
        "lr",
        "iteration",
        "iterations",
        "iter",
        "seed",
        "batch",
        "rank",
        "progress",
        "count",
        "n",
        "samples",
        "tokens",
        "temperature",
    ]
)
VALIDATION = frozenset(["val", "valid", "validation", "eval", "test", "dev", "holdout"])
QUALITY = frozenset(
    [
        "acc",
        "accuracy",
        "f1",
        "auc",
        "auroc",
        "r2",
        "score",
        "map",
        "miou",
        "iou",
        "bleu",
        "rouge",
        "reward",
        "precision",
        "recall",
        "loss",
        "logloss",
        "rmse",
        "mae",
        "mse",
        "ppl",
        "perplexity",
        "bpb",
        "nll",
        "wer",
        "cer",
    ]
)
SYSTEM = "system/"
"""The names of a machine's metrics begin so: they say nothing of the model."""

_NEITHER_WORDS = re.compile(r"learning rate|grad(ient)? norm|weight norm")
_LOWER_END = re.compile(r"(loss|error)$")


def is_lower_better(key: str) -> bool | None:
    """Guess whether less of a metric is better; None if neither is, as of a learning rate."""
    if key.startswith(SYSTEM):
        return None
    words = _words(re.sub(r"([a-z])([A-Z])", r"\1 \2", key))
    if _NEITHER_WORDS.search(" ".join(words)):
        return None
    if any(word in LOWER or _LOWER_END.search(word) for word in words):
        return True
    return None if any(word in NEITHER for word in words) else False


def rank(keys: list[str]) -> list[str]:
    """Return names from the most telling one on, without those of the machine.

    Those of validation come first, then those that speak of quality; those of one class or layer last.
    """
    kept = [key for key in keys if not key.startswith(SYSTEM)]
    return sorted(kept, key=lambda key: (-_weight(key), len(re.split(r"[/.]", key)), key))


def _weight(key: str) -> int:
    words = set(_words(key))
    weight = 2 * bool(words & VALIDATION) + 2 * bool(words & QUALITY)
    return weight - 3 if is_lower_better(key) is None else weight


def _words(key: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", key.lower()) if word]
