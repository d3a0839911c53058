"""What the functions that make datasets refuse, and what they say when a package is not there."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import polars as pl
import pytest

from headrace.base.errors import InvalidParameter, NotImplementedByServer
from headrace.fluent.datasets.constructors import (
    from_folder,
    from_huggingface,
    from_numpy,
    from_pandas,
    from_polars,
    from_spark,
    from_tensorflow,
    load_delta,
)
from headrace.fluent.datasets.delta_tables import is_delta_folder
from headrace.fluent.datasets.framework_sources import HuggingFaceDatasetSource

FRAME = pd.DataFrame({"x": [1.0], "y": [0]})


@pytest.mark.parametrize(
    "make",
    [
        lambda: from_pandas(FRAME, targets="z"),
        lambda: from_pandas(FRAME, predictions="z"),
        lambda: from_polars(pl.DataFrame(FRAME), targets="z"),
        lambda: from_huggingface(datasets.Dataset.from_pandas(FRAME), targets="z"),
    ],
    ids=["pandas targets", "pandas predictions", "polars", "hugging face"],
)
def test_a_column_that_is_not_there_is_named(make: Callable[[], Any]) -> None:
    with pytest.raises(InvalidParameter, match=r"no column 'z'.*x, y"):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: from_numpy([1, 2]),  # type: ignore[arg-type]
        lambda: from_numpy({"a": np.arange(2), "b": [1]}),  # type: ignore[dict-item]
        lambda: from_numpy(np.arange(2), targets=5),  # type: ignore[arg-type]
        lambda: from_huggingface(datasets.DatasetDict({"train": datasets.Dataset.from_pandas(FRAME)})),
        lambda: from_huggingface("owner/name"),
        lambda: from_spark(FRAME, path="a", table_name="b"),
        lambda: from_spark(FRAME, sql="select 1", version="3"),
        lambda: from_spark(FRAME, path="/no/such/table", version="3"),
        load_delta,
        lambda: load_delta(path="a", table_name="b"),
    ],
)
def test_what_does_not_fit_is_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(InvalidParameter):
        make()


@pytest.mark.parametrize(
    ("package", "module", "make"),
    [
        ("tensorflow", "tensorflow_dataset", lambda: from_tensorflow(None)),
        ("pandas", "pandas_dataset", lambda: from_pandas(FRAME)),
        ("polars", "polars_dataset", lambda: from_polars(None)),  # type: ignore[arg-type]
        ("pandas", "pandas_digest", lambda: from_numpy(np.array(["text"]))),
    ],
)
def test_a_package_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, package: str, module: str, make: Callable[[], Any]
) -> None:
    monkeypatch.delitem(sys.modules, f"headrace.fluent.datasets.{module}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(NotImplementedByServer, match=rf"{package}.*pip install 'headrace\["):
        make()


def test_a_dataset_of_the_hub_is_loaded_with_what_it_was_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
    loaded = datasets.load_dataset(
        "csv", data_files=str(tmp_path / "a.csv"), split="train", cache_dir=str(tmp_path / "cache")
    )
    dataset = from_huggingface(loaded, path="csv", data_files=str(tmp_path / "a.csv"))
    source = HuggingFaceDatasetSource.from_json(dataset.source.to_json())
    again = source.load(cache_dir=str(tmp_path / "cache"))
    assert again.to_dict() == {"x": [1, 3], "y": [2, 4]}
    assert from_huggingface(again).digest == dataset.digest
    with pytest.raises(KeyError, match="split"):
        source.load(split="test")


def test_a_folder_of_a_delta_table_is_known(tmp_path: Path) -> None:
    assert not is_delta_folder(str(tmp_path))
    (tmp_path / "_delta_log").mkdir()
    assert is_delta_folder(str(tmp_path))


def test_an_empty_folder_is_a_dataset(tmp_path: Path) -> None:
    dataset = from_folder(tmp_path, name="empty")
    assert dataset.profile["num_files"] == 0
    assert dataset.profile["files"] == {}
    (tmp_path / "a").touch()
    assert from_folder(tmp_path).digest != dataset.digest
    assert dataset.root == tmp_path
