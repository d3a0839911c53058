"""Arrow tables: the digest is one of the values, however they lie in memory."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from headrace.base.errors import InvalidParameter
from headrace.fluent.datasets.arrow_dataset import ArrowDataset, digest_table
from headrace.fluent.datasets.source import CodeDatasetSource

SOURCE = CodeDatasetSource({})
TABLE = pa.table(
    {
        "i": pa.array([1, None, 3] * 1000, pa.int32()),
        "f": [1.5, 2.5, None] * 1000,
        "s": ["a", None, "ü"] * 1000,
        "l": [[1, 2], [], None] * 1000,
        "o": [{"x": 1, "y": "a"}, {"x": None, "y": "b"}, None] * 1000,
        "b": [True, False, None] * 1000,
    }
)


def test_chunks_do_not_count() -> None:
    pieces = pa.concat_tables([TABLE.slice(0, 7), TABLE.slice(7, 1), TABLE.slice(8)])
    assert pieces.column(0).num_chunks == 3
    assert digest_table(pieces) == digest_table(TABLE)


def test_a_table_from_a_file_has_the_same_digest(tmp_path: Path) -> None:
    parquet.write_table(TABLE, tmp_path / "t.parquet", row_group_size=100)
    assert digest_table(parquet.read_table(tmp_path / "t.parquet")) == digest_table(TABLE)


def test_what_lies_under_a_missing_value_does_not_count() -> None:
    hidden = pa.Table.from_pandas(pd.DataFrame({"x": [1.0, np.nan, 3.0]}))
    assert digest_table(hidden) == digest_table(pa.table({"x": [1.0, None, 3.0]}))


def test_dictionaries_count_by_their_values() -> None:
    one = pa.table({"c": pa.array(["x", "y", "x"]).dictionary_encode()})
    other = pa.table({"c": pa.DictionaryArray.from_arrays(pa.array([1, 0, 1], pa.int8()), ["y", "x"])})
    changed = pa.table({"c": pa.DictionaryArray.from_arrays(pa.array([1, 0, 1], pa.int8()), ["y", "z"])})
    assert digest_table(one) == digest_table(other)
    assert digest_table(one) != digest_table(changed)


@pytest.mark.parametrize(
    "other",
    [
        TABLE.slice(0, 2999),
        TABLE.rename_columns(["j", "f", "s", "l", "o", "b"]),
        TABLE.set_column(0, "i", TABLE.column("i").cast(pa.int64())),
        TABLE.select(["f", "i", "s", "l", "o", "b"]),
        TABLE.set_column(1, "f", pa.array([1.5, 2.5, 0.0] * 1000)),
        TABLE.set_column(1, "f", pa.array([None, 1.5, 2.5] * 1000)),
    ],
    ids=["rows", "names", "types", "order", "values", "places of missing values"],
)
def test_everything_else_counts(other: Any) -> None:
    assert digest_table(other) != digest_table(TABLE)


def test_a_table_is_described_like_others() -> None:
    described = ArrowDataset(TABLE, SOURCE, targets="f").to_dict()
    assert json.loads(described["profile"]) == {
        "num_rows": 3000,
        "num_elements": 18_000,
        "num_bytes": TABLE.nbytes,
    }
    columns = {one["name"]: one for one in json.loads(described["schema"])["mlflow_colspec"]}
    assert columns["i"] == {"type": "integer", "name": "i", "required": False}
    assert columns["l"]["items"] == {"type": "long"}
    assert columns["o"]["properties"]["y"] == {"type": "string", "required": False}
    assert len(described["digest"]) == 32


def test_a_record_batch_is_a_table() -> None:
    batch = TABLE.to_batches()[0]
    assert ArrowDataset(batch, SOURCE).digest == digest_table(TABLE)


@pytest.mark.parametrize("table", [{"a": [1]}, pd.DataFrame({"a": [1]})])
def test_what_is_no_table_is_refused(table: Any) -> None:
    with pytest.raises(InvalidParameter, match=r"pyarrow\.Table"):
        ArrowDataset(table, SOURCE)


def test_a_type_without_a_place_in_schemas_leaves_the_schema_out() -> None:
    table = pa.table({"d": pa.array([1], pa.duration("s"))})
    assert ArrowDataset(table, SOURCE).to_dict()["schema"] is None
