"""Describes many datasets with a library of the caller's choice: ``describe.py mlflow|headrace REPORT``. The reports are compared by test_data.py.

It runs in two interpreters, and knows nothing of either but the library's functions.
"""

import datetime as dt
import importlib
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import polars as pl

Case = tuple[str, Callable[[Any], Any]]


def frames() -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield frames of usual kinds of columns."""
    rng = np.random.default_rng(7)
    yield "numbers", pd.DataFrame({"a": rng.normal(size=50), "b": rng.integers(0, 9, 50)})
    yield (
        "ints",
        pd.DataFrame(
            {
                str(kind): np.arange(5, dtype=kind)
                for kind in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
            }
        ),
    )
    yield (
        "small ints",
        pd.DataFrame(
            {kind: np.arange(5, dtype=kind) for kind in ("int8", "int32", "uint8", "uint16", "uint32")}
        ),
    )
    yield (
        "floats",
        pd.DataFrame({kind: np.arange(5, dtype=kind) for kind in ("float16", "float32", "float64")}),
    )
    yield "zeros", pd.DataFrame({"a": [0.0, -0.0, np.nan, np.inf, -np.inf]})
    yield (
        "text",
        pd.DataFrame({"name": ["tom", "nick", "jülia"], "age": [10, 15, 14], "ok": [True, False, True]}),
    )
    yield "missing text", pd.DataFrame({"name": ["tom", None, "july"], "x": [1, 2, 3]})
    yield (
        "objects",
        pd.DataFrame({"name": pd.Series(["a", "b"], dtype=object), "n": pd.Series([1, 2], dtype=object)}),
    )
    yield (
        "object with none",
        pd.DataFrame(
            {"name": pd.Series(["a", None], dtype=object), "f": pd.Series([1.5, None], dtype=object)}
        ),
    )
    yield "mixed", pd.DataFrame({"m": pd.Series(["a", 1], dtype=object), "n": [1, 2]})
    yield (
        "times",
        pd.DataFrame(
            {
                "t": pd.to_datetime(["2026-01-01", "2026-02-03"]),
                "z": pd.to_datetime(["2026-01-01", None], utc=True),
            }
        ),
    )
    yield "dates", pd.DataFrame({"d": [dt.date(2026, 1, 2), dt.date(2026, 1, 3)]})
    yield "timedelta", pd.DataFrame({"d": pd.to_timedelta([1, 2], unit="s"), "x": [1.0, 2.0]})
    yield "categories", pd.DataFrame({"c": pd.Categorical(["x", "y", "x"]), "k": pd.Categorical([1, 2, 1])})
    yield "categories with none", pd.DataFrame({"c": pd.Categorical(["x", None, "x"])})


def odd_frames() -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield frames of pandas' own types, of nested values, of odd shapes, and of what has no place in a schema."""
    yield (
        "extension",
        pd.DataFrame(
            {
                "i": pd.array([1, None, 3], dtype="Int64"),
                "f": pd.array([1.5, None, 3.0], dtype="Float64"),
                "b": pd.array([True, None, False], dtype="boolean"),
                "s": pd.array(["a", None, "c"], dtype="string"),
            }
        ),
    )
    yield (
        "full extension",
        pd.DataFrame({"i": pd.array([1, 2], dtype="Int32"), "s": pd.array(["a", "b"], dtype="string")}),
    )

    yield "lists", pd.DataFrame({"l": [["a", "b"], ["c"]], "e": [[1, 2], []], "n": [[[1.0], [2.0]], [[3.0]]]})
    yield "arrays", pd.DataFrame({"l": [np.array([1.0, 2.0]), np.array([3.0])]})
    yield (
        "objects in objects",
        pd.DataFrame(
            {"o": [{"a": 1, "b": "x"}, {"a": 2, "c": [1.5, None]}], "u": [{"k": None}, {"k": {"z": True}}]}
        ),
    )
    yield (
        "messages",
        pd.DataFrame({"m": [[{"role": "user", "content": "hi"}], [{"role": "bot", "content": None}]]}),
    )
    yield "bytes", pd.DataFrame({"b": [b"ab", b"c"]})
    yield "decimals", pd.DataFrame({"d": [Decimal("1.5"), Decimal(2)]})
    yield "sets", pd.DataFrame({"s": [{1}, {2}], "x": [1, 2]})
    yield "nones", pd.DataFrame({"n": [None, None], "x": [1.0, 2.0]})
    yield "complex", pd.DataFrame({"c": np.array([1 + 2j, 3]), "x": [1, 2]})
    yield "number names", pd.DataFrame([[1, 2.5, "a"], [3, 4.5, "b"]])
    yield "two levels", pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]))
    yield "same name", pd.DataFrame([[1, 2.0]], columns=["a", "a"])
    yield "index", pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    yield "no rows", pd.DataFrame({"a": np.array([], dtype=float), "b": np.array([], dtype=object)})
    yield "nothing", pd.DataFrame()
    yield "long", pd.DataFrame({"a": np.arange(25_000), "s": ["text"] * 24_999 + ["end"]})
    yield (
        "long mixed",
        pd.DataFrame({"a": np.arange(25_000), "s": pd.Series(["text"] * 24_999 + [None], dtype=object)}),
    )
    yield "sparse", pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 0.0, 1.0])})


def arrays() -> Iterator[tuple[str, Any, Any]]:
    """Yield features and targets."""
    rng = np.random.default_rng(11)
    for kind in (
        "bool",
        "int8",
        "uint16",
        "int32",
        "int64",
        "uint64",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
        "longdouble",
    ):
        yield kind, (rng.normal(size=(20, 3)) * 50).astype(kind), None
    yield "targets", rng.normal(size=(30, 2)), rng.integers(0, 2, 30)
    yield "zeros", np.array([0.0, -0.0, 1.0, np.nan]), None
    yield (
        "times",
        np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[D]"),
        np.array([1, 2], dtype="timedelta64[s]"),
    )
    yield "text", np.array(["a", "bcd"]), np.array([b"a", b"bc"])
    yield "objects", np.array(["a", 1, None], dtype=object), None
    yield "unhashable", np.array([{"a": 1}, [2]], dtype=object), None
    yield "named", {"b": rng.normal(size=(2, 5, 4)), "a": rng.integers(0, 5, 2)}, {"y": np.array([1, 0])}
    yield "turned", rng.normal(size=(40, 30)).T, None
    yield "every second", np.arange(100)[::2], None
    yield "big endian", np.arange(10, dtype=">i8"), np.arange(5, dtype=">f4")
    yield "long", np.arange(30_000.0), None
    yield "empty", np.array([]), None
    yield "a number", np.array(5.0), None


def polars_frames() -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield frames of polars."""
    yield "plain", pl.DataFrame({"a": [1, 2, 3], "b": [1.5, None, 2.5], "c": ["x", "y", None]})
    kinds = [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.Float32, pl.Float64]
    yield "numbers", pl.DataFrame({str(kind): pl.Series([1, 2], dtype=kind) for kind in kinds})
    yield (
        "times",
        pl.DataFrame(
            {
                "d": [dt.date(2026, 1, 2)],
                "t": [dt.datetime(2026, 1, 2, tzinfo=dt.UTC)],
                "b": [b"x"],
                "o": [True],
            }
        ),
    )
    yield (
        "nested",
        pl.DataFrame(
            {"l": [[1, 2], [3]], "s": [{"x": 1, "y": "a"}, {"x": 2, "y": "b"}], "n": [[["a"]], [["b"]]]}
        ),
    )
    yield "fixed lists", pl.DataFrame({"l": pl.Series([[1, 2]], dtype=pl.Array(pl.Int32, 2))})
    yield (
        "words",
        pl.DataFrame(
            {
                "c": pl.Series(["a", "b"], dtype=pl.Categorical),
                "e": pl.Series(["a"] * 2, dtype=pl.Enum(["a"])),
            }
        ),
    )
    yield "unknown", pl.DataFrame({"u": pl.Series([1], dtype=pl.UInt64), "x": [1]})
    yield "duration", pl.DataFrame({"u": [dt.timedelta(1)]})
    yield "nulls", pl.DataFrame({"n": [None, None]})
    yield "no rows", pl.DataFrame({"a": pl.Series([], dtype=pl.Int64)})


def face_datasets() -> Iterator[tuple[str, datasets.Dataset]]:
    """Yield datasets of Hugging Face."""
    yield "plain", datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [0, 1, 0]})
    yield "lists", datasets.Dataset.from_dict({"tokens": [["a"], ["b", "c"]], "score": [0.5, None]})
    yield "long", datasets.Dataset.from_dict({"n": list(range(12_000)), "s": ["x"] * 12_000})


def sources() -> list[Any]:
    """Return what users name as sources."""
    return [
        "data.csv",
        "/absolute/data.csv",
        Path("some/path"),
        "file:///x/y",
        "s3://bucket/key",
        "https://host/x.csv?version=1",
        "gs://bucket/x",
        "hdfs://host/x",
        "viewfs://host/x",
        "wasbs://a@b/c",
        "abfss://x@y/z",
        "ftp://host/x",
        "sftp://host/x",
        "r2://bucket/x",
        "b2://bucket/x",
        "",
        "weird://x",
        "runs:/a/b",
        5,
    ]


def cases(library: str) -> Iterator[Case]:
    """Yield the name of each case, and what makes its dataset."""
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1], "p": [0.2, 0.9]})
    for name, one in chain(frames(), odd_frames()):
        yield f"pandas {name}", lambda data, one=one: data.from_pandas(one, source="s.csv")
    for name, features, targets in arrays():
        yield (
            f"numpy {name}",
            lambda data, f=features, t=targets: data.from_numpy(f, source="s.npy", targets=t),
        )
    for name, one in polars_frames():
        yield f"polars {name}", lambda data, one=one: data.from_polars(one, source="s.pq")
    for name, one in face_datasets():
        yield (
            f"hugging face {name}",
            lambda data, one=one: data.from_huggingface(one, path="owner/name", targets=one.column_names[0]),
        )
    yield (
        "hugging face files",
        lambda data: data.from_huggingface(
            next(face_datasets())[1],
            path="csv",
            data_files={"train": ["a.csv"]},
            data_dir="d",
            revision="main",
        ),
    )
    yield (
        "hugging face source",
        lambda data: data.from_huggingface(next(face_datasets())[1], source="s3://a/b"),
    )
    for one in sources():
        yield f"source {one!r}", lambda data, one=one: data.from_pandas(frame, source=one)
    yield (
        "named",
        lambda data: data.from_pandas(frame, source="a", targets="y", predictions="p", name="n", digest="d"),
    )
    yield "no such target", lambda data: data.from_pandas(frame, source="a", targets="nope")
    yield (
        "no such prediction",
        lambda data: data.from_polars(pl.DataFrame(frame), source="a", predictions="nope"),
    )
    yield "code", lambda data: data.from_numpy(np.arange(3))
    if library == "mlflow":
        from mlflow.data.http_dataset_source import HTTPDatasetSource
        from mlflow.data.meta_dataset import MetaDataset
        from mlflow.types import ColSpec, Schema
    else:
        from headrace.fluent.datasets.dataset import MetaDataset
        from headrace.fluent.datasets.file_sources import HTTPDatasetSource
        from headrace.fluent.datasets.schema import ColSpec, Schema
    yield "meta", lambda data: MetaDataset(HTTPDatasetSource("https://host/a.gz"))
    schema = Schema([ColSpec("string", "text"), ColSpec("long", "label", required=False)])
    yield (
        "meta with schema",
        lambda data: MetaDataset(HTTPDatasetSource("https://host/a.gz"), name="n", schema=schema),
    )


def describe(data: Any, make: Callable[[Any], Any]) -> dict[str, Any]:
    """Return all that is logged of a dataset; or which error it is refused with."""
    try:
        dataset = make(data)
        described = dataset.to_dict()
    except Exception as error:  # noqa: BLE001 - which one is what is compared
        code = getattr(error, "error_code", None) or getattr(error, "code", None)
        return {"refused": code or type(error).__name__}
    source = data.get_source(dataset)
    return described | {
        "json": dataset.to_json() == json.dumps(described),
        "source_again": type(source).from_json(source.to_json()).to_json(),
    }


def main() -> None:
    library, report = sys.argv[1:]
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    data = importlib.import_module(f"{library}.data")
    told = {name: describe(data, make) for name, make in cases(library)}
    Path(report).write_text(json.dumps(told, indent=1), "utf-8")


if __name__ == "__main__":
    main()
