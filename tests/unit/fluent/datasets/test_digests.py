"""Digests of arrays: equal to those of pandas' hashes, whether pandas computes them or not."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from headrace.fluent.datasets import digests
from headrace.fluent.datasets.digests import MAX_ROWS, digest_arrays, hash_elements

KINDS = st.sampled_from(
    ["bool", "int8", "uint16", "int32", "int64", "uint64", "float16", "float32", "float64", "M8[ns]", "m8[s]"]
)


@given(arrays.arrays(KINDS, arrays.array_shapes(min_dims=1, max_dims=3, max_side=5)))
def test_elements_hash_as_in_pandas(array: Any) -> None:
    assert hash_elements(array).tolist() == pd.util.hash_array(array.flatten()).tolist()


@pytest.mark.parametrize("kind", ["bool", "int16", "uint64", "int64", "float32", "float64", "M8[D]"])
def test_plain_numbers_need_no_pandas(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(digests, "load", None)
    array = np.arange(1, 50).astype(kind)
    assert digest_arrays(array) == digest_arrays(array.copy())


def test_only_the_first_ten_thousand_elements_and_the_shape_count() -> None:
    array = np.zeros(MAX_ROWS + 10)
    other = array.copy()
    other[MAX_ROWS] = 1
    assert digest_arrays(array) == digest_arrays(other)
    other[MAX_ROWS - 1] = 1
    assert digest_arrays(array) != digest_arrays(other)
    assert digest_arrays(array) != digest_arrays(np.zeros(MAX_ROWS + 11))


def test_targets_and_names_count() -> None:
    features = np.arange(4.0)
    assert digest_arrays(features) != digest_arrays(features, np.arange(4.0))
    assert digest_arrays({"a": features, "b": features + 1}) == digest_arrays(
        {"b": features + 1, "a": features}
    )
    assert digest_arrays({"a": features, "b": features + 1}) != digest_arrays(
        {"a": features + 1, "b": features}
    )


def test_a_large_array_is_not_copied() -> None:
    turned = np.broadcast_to(np.arange(10.0), (10**9, 10)).T
    assert len(digest_arrays(turned)) == 8
