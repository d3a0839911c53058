"""Datasets that are pandas frames. Needs pandas."""

import pandas as pd  # type: ignore[import-untyped]

from headrace.base.cached import cached_property
from headrace.fluent.datasets.dataset import DescribedDataset, check_columns
from headrace.fluent.datasets.inference import find_schema
from headrace.fluent.datasets.pandas_digest import digest_frame
from headrace.fluent.datasets.schema import Schema
from headrace.fluent.datasets.source import DatasetSource


class PandasDataset(DescribedDataset):
    """A pandas frame.

    Args:
        df: the frame.
        source: where it came from.
        targets: the column to be predicted.
        name: ``dataset`` unless given.
        digest: computed unless given.
        predictions: the column with what a model predicted.

    Raises:
        InvalidParameter: a column is missing.
    """

    def __init__(
        self,
        df: pd.DataFrame,
        source: DatasetSource,
        targets: str | None = None,
        name: str | None = None,
        digest: str | None = None,
        predictions: str | None = None,
    ) -> None:
        check_columns(df.columns, "pandas frame", targets=targets, predictions=predictions)
        self._df = df
        self._targets = targets
        self._predictions = predictions
        super().__init__(source, name, digest)

    def _compute_digest(self) -> str:
        return digest_frame(self._df)

    @property
    def df(self) -> pd.DataFrame:
        """The frame."""
        return self._df

    @property
    def targets(self) -> str | None:
        """The column to be predicted, or None."""
        return self._targets

    @property
    def predictions(self) -> str | None:
        """The column with what a model predicted, or None."""
        return self._predictions

    @property
    def profile(self) -> dict[str, int]:
        """How many rows and values there are."""
        return {"num_rows": len(self._df), "num_elements": int(self._df.size)}

    @cached_property
    def schema(self) -> Schema | None:
        """The columns; None if one of them has no common type."""
        return find_schema(self._df)
