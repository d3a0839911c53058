"""What the demo trains: four families of models on three of scikit-learn's data sets, step by step. Logs nothing.

Loaded only by ``headrace demo``, because scikit-learn is optional. Every number is what the models really do on data that they have
not seen; seeds are fixed, so that two runs of the demo on one machine agree.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import sklearn  # type: ignore[import-untyped]
from msgspec import Struct
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier  # type: ignore[import-untyped]
from sklearn.linear_model import SGDClassifier  # type: ignore[import-untyped]
from sklearn.metrics import confusion_matrix, f1_score  # type: ignore[import-untyped]
from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]
from sklearn.neural_network import MLPClassifier  # type: ignore[import-untyped]
from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

SEED = 7
TEST_SHARE = 0.3
LIBRARY = f"scikit-learn {sklearn.__version__}"

Floats = NDArray[np.float64]
Params = dict[str, int | float]


class Split(Struct, frozen=True):
    """A data set, cut into a part to learn from and a part to be judged by; features scaled by the first.

    Args:
        name: scikit-learn's name of it.
        features: names of the columns.
        classes: names of the labels 0, 1, ...
        x: all examples as loaded, shape (examples, features).
        y: all labels, shape (examples,).
        train_x: shape (examples, features).
        train_y: shape (examples,).
        test_x: shape (examples, features).
        test_y: shape (examples,).
    """

    name: str
    features: tuple[str, ...]
    classes: tuple[str, ...]
    x: Floats
    y: NDArray[np.int64]
    train_x: Floats
    train_y: NDArray[np.int64]
    test_x: Floats
    test_y: NDArray[np.int64]


class Candidate(Struct, frozen=True):
    """A model to train: what it is called, its family, and what is chosen in it."""

    name: str
    family: str
    params: Params


class Step(Struct, frozen=True):
    """A model after one more step: its metrics, and its guesses on the test part, shape (examples,)."""

    number: int
    metrics: dict[str, float]
    guesses: NDArray[np.int64]


CANDIDATES = (
    Candidate("linear, alpha 0.0001", "linear", {"alpha": 1e-4, "epochs": 50}),
    Candidate("linear, alpha 0.01", "linear", {"alpha": 1e-2, "epochs": 50}),
    Candidate("network of 8, rate 0.01", "network", {"hidden_units": 8, "learning_rate": 0.01, "epochs": 50}),
    Candidate(
        "network of 64, rate 0.001", "network", {"hidden_units": 64, "learning_rate": 0.001, "epochs": 50}
    ),
    Candidate(
        "network of 64, rate 0.01", "network", {"hidden_units": 64, "learning_rate": 0.01, "epochs": 50}
    ),
    Candidate("forest, depth 3", "forest", {"max_depth": 3, "trees": 100}),
    Candidate("forest, depth 12", "forest", {"max_depth": 12, "trees": 100}),
    Candidate(
        "boosting, rate 0.1, depth 2", "boosting", {"learning_rate": 0.1, "max_depth": 2, "stages": 50}
    ),
    Candidate(
        "boosting, rate 0.5, depth 3", "boosting", {"learning_rate": 0.5, "max_depth": 3, "stages": 50}
    ),
)
_LOADERS: dict[str, Callable[[], Any]] = {
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "wine": datasets.load_wine,
}
DATASETS = tuple(_LOADERS)


def load_split(name: str) -> Split:
    """Load one of `DATASETS` and cut it."""
    bunch = _LOADERS[name]()
    x = np.ascontiguousarray(bunch.data, dtype=np.float64)
    y = np.ascontiguousarray(bunch.target, dtype=np.int64)
    train_x, test_x, train_y, test_y = train_test_split(
        x, y, test_size=TEST_SHARE, random_state=SEED, stratify=y
    )
    scaler = StandardScaler().fit(train_x)
    return Split(
        name=name,
        features=tuple(str(feature) for feature in bunch.feature_names),
        classes=tuple(str(label) for label in bunch.target_names),
        x=x,
        y=y,
        train_x=scaler.transform(train_x),
        train_y=train_y,
        test_x=scaler.transform(test_x),
        test_y=test_y,
    )


def train(candidate: Candidate, split: Split) -> Iterator[Step]:
    """Train a model and judge it after each step: an epoch, or some more trees."""
    # such small matrices gain nothing from threads, which spin for seconds where others use the cores
    threadpool_limits(1)
    # what it is given is good, and looking at it thousands of times takes longer than learning from it
    sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
    for number, (train_chances, test_chances) in enumerate(
        _FAMILIES[candidate.family](candidate.params, split), start=1
    ):
        guesses = test_chances.argmax(axis=1)
        yield Step(
            number,
            {
                "train_loss": _loss(split.train_y, train_chances),
                "test_loss": _loss(split.test_y, test_chances),
                "test_accuracy": float((guesses == split.test_y).mean()),
                "test_f1": float(f1_score(split.test_y, guesses, average="macro")),
            },
            guesses,
        )


def count_confusions(split: Split, guesses: NDArray[np.int64]) -> list[list[int]]:
    """Return how often a label (row) was taken for a label (column) in the test part."""
    counts: list[list[int]] = confusion_matrix(
        split.test_y, guesses, labels=range(len(split.classes))
    ).tolist()
    return counts


def _loss(labels: NDArray[np.int64], chances: Floats) -> float:
    chosen = chances[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, np.finfo(chosen.dtype).eps)).mean())


def _judge(model: Any, split: Split) -> tuple[Floats, Floats]:
    return model.predict_proba(split.train_x), model.predict_proba(split.test_x)


def _train_by_epochs(model: Any, epochs: int, split: Split) -> Iterator[tuple[Floats, Floats]]:
    labels = np.arange(len(split.classes))
    for _ in range(epochs):
        model.partial_fit(split.train_x, split.train_y, classes=labels)
        yield _judge(model, split)


def _train_linear(params: Params, split: Split) -> Iterator[tuple[Floats, Floats]]:
    model = SGDClassifier(loss="log_loss", alpha=params["alpha"], average=True, random_state=SEED)
    return _train_by_epochs(model, int(params["epochs"]), split)


def _train_network(params: Params, split: Split) -> Iterator[tuple[Floats, Floats]]:
    model = MLPClassifier(
        (int(params["hidden_units"]),), learning_rate_init=params["learning_rate"], random_state=SEED
    )
    return _train_by_epochs(model, int(params["epochs"]), split)


def _train_forest(params: Params, split: Split) -> Iterator[tuple[Floats, Floats]]:
    model = RandomForestClassifier(max_depth=int(params["max_depth"]), warm_start=True, random_state=SEED)
    for trees in range(5, int(params["trees"]) + 1, 5):
        model.set_params(n_estimators=trees).fit(split.train_x, split.train_y)
        yield _judge(model, split)


def _train_boosting(params: Params, split: Split) -> Iterator[tuple[Floats, Floats]]:
    model = GradientBoostingClassifier(
        n_estimators=int(params["stages"]),
        learning_rate=params["learning_rate"],
        max_depth=int(params["max_depth"]),
        max_features="sqrt",
        random_state=SEED,
    ).fit(split.train_x, split.train_y)
    return zip(
        model.staged_predict_proba(split.train_x), model.staged_predict_proba(split.test_x), strict=True
    )


_FAMILIES: dict[str, Callable[[Params, Split], Iterator[tuple[Floats, Floats]]]] = {
    "linear": _train_linear,
    "network": _train_network,
    "forest": _train_forest,
    "boosting": _train_boosting,
}
