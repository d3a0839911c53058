"""What the names of metrics say; and that the pages go by the same words."""

import re
from pathlib import Path

import pytest

from headrace.services import metric_names
from headrace.services.metric_names import is_lower_better, rank

UI = Path(__file__).parents[3] / "ui" / "src"


@pytest.mark.parametrize(
    ("key", "lower"),
    [
        *(("loss", True), ("valLoss/top_1", True), ("softmaxloss", True), ("test/mae", True)),
        *(("accuracy", False), ("f1", False), ("lr", None), ("epoch", None), ("grad_norm", None)),
        *(("learning-rate", None), ("system/memory", None)),
    ],
)
def test_names_say_whether_less_is_better(key: str, lower: bool | None) -> None:
    assert is_lower_better(key) is lower


def test_metrics_of_validation_and_of_quality_tell_most() -> None:
    keys = ["lr", "train_time", "system/cpu", "accuracy", "val/accuracy", "val/class_1/accuracy", "val/x"]
    assert rank(keys) == [
        *("val/accuracy", "val/class_1/accuracy", "accuracy", "val/x", "train_time", "lr"),
    ]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("LOWER", "lib/better.ts"),
        ("NEITHER", "lib/better.ts"),
        ("VALIDATION", "features/run/best.ts"),
        ("QUALITY", "features/run/best.ts"),
    ],
)
def test_the_pages_know_the_same_words(name: str, file: str) -> None:
    text = (UI / file).read_text("utf-8")
    written = re.search(rf"const {name} = new Set\((.*?)\);", text, re.DOTALL)
    assert written is not None
    words = " ".join(re.findall(r"'([^']*)'", written[1])).split()
    assert set(words) - {" "} == getattr(metric_names, name)
