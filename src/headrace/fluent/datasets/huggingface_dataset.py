"""Datasets of the `datasets` package of Hugging Face. Needs it, and pandas."""

from typing import Any

import datasets  # type: ignore[import-untyped]
import pandas as pd  # type: ignore[import-untyped]

from headrace.base.cached import cached_property
from headrace.base.errors import InvalidParameter
from headrace.fluent.datasets.dataset import DescribedDataset, check_columns
from headrace.fluent.datasets.digests import MAX_ROWS
from headrace.fluent.datasets.inference import find_schema
from headrace.fluent.datasets.pandas_digest import digest_frame
from headrace.fluent.datasets.schema import Schema
from headrace.fluent.datasets.source import DatasetSource


class HuggingFaceDataset(DescribedDataset):
    """A dataset of Hugging Face.

    Args:
        ds: the dataset, one split.
        source: where it came from.
        targets: the column to be predicted.
        name: ``dataset`` unless given.
        digest: computed of the first 10,000 rows unless given.

    Raises:
        InvalidParameter: it is no `datasets.Dataset`, or a column is missing.
    """

    def __init__(
        self,
        ds: datasets.Dataset,
        source: DatasetSource,
        targets: str | None = None,
        name: str | None = None,
        digest: str | None = None,
    ) -> None:
        if not isinstance(ds, datasets.Dataset):
            raise InvalidParameter(
                f"The dataset is a {type(ds).__name__}; give a datasets.Dataset, which of a DatasetDict is one split: ds['train']."
            )
        check_columns(ds.column_names, "Hugging Face dataset", targets=targets)
        self._ds = ds
        self._targets = targets
        super().__init__(source, name, digest)

    def _compute_digest(self) -> str:
        return digest_frame(self._first_rows())

    def _first_rows(self) -> pd.DataFrame:
        return self._ds.select(range(min(MAX_ROWS, self._ds.num_rows))).to_pandas()

    @property
    def ds(self) -> Any:
        """The dataset."""
        return self._ds

    @property
    def targets(self) -> str | None:
        """The column to be predicted, or None."""
        return self._targets

    @property
    def profile(self) -> dict[str, Any]:
        """How many rows there are, and the bytes in memory and on disk as far as they are known."""
        return {
            "num_rows": self._ds.num_rows,
            "dataset_size": self._ds.dataset_size,
            "size_in_bytes": self._ds.size_in_bytes,
        }

    @cached_property
    def schema(self) -> Schema | None:
        """The columns of the first 10,000 rows; None if one of them has no common type."""
        return find_schema(self._first_rows())
