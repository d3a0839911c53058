"""The digest of a pandas frame, equal to MLflow's: of its columns of numbers and of text. Needs pandas."""

from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from headrace.fluent.datasets.digests import MAX_ROWS, digest_elements


def digest_frame(frame: pd.DataFrame) -> str:
    """Return the digest of a frame: of the first 10,000 rows of its columns of numbers and of text, its length and all column names."""
    head = frame.head(MAX_ROWS)
    of_text = head.columns[[_is_text(frame.iloc[:, place]) for place in range(frame.shape[1])]]
    of_numbers = head.select_dtypes(include=[np.number]).columns
    rows: Any = pd.util.hash_pandas_object(head[of_text.union(of_numbers)])
    return digest_elements(
        [rows.to_numpy(), np.int64(len(frame)), *(str(name).encode() for name in frame.columns)]
    )


def _is_text(column: pd.Series) -> bool:
    """Tell whether every value of a column is a str; an empty column is taken for text, as MLflow does."""
    if not len(column):
        return True
    if isinstance(column.dtype, pd.StringDtype):
        return not column.isna().any()
    if column.dtype == object:
        return set(map(type, column.array)) == {str}
    if isinstance(column.dtype, pd.CategoricalDtype):
        return set(map(type, column)) == {str}
    return False
