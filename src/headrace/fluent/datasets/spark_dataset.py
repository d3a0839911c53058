"""Datasets that are Spark frames. Loads nothing of Spark: a frame brings what is needed."""

import logging
from typing import Any

import numpy as np

from headrace.base.cached import cached_property
from headrace.fluent.datasets.dataset import DescribedDataset, check_columns
from headrace.fluent.datasets.digests import digest_elements
from headrace.fluent.datasets.framework_sources import find_spark_errors
from headrace.fluent.datasets.inference import find_schema
from headrace.fluent.datasets.schema import Schema
from headrace.fluent.datasets.source import DatasetSource

COUNT_TIMEOUT_MS = 5000
COUNT_CONFIDENCE = 0.9

_log = logging.getLogger("headrace")


class SparkDataset(DescribedDataset):
    """A Spark frame.

    Args:
        df: the frame.
        source: where it came from.
        targets: the column to be predicted.
        name: ``dataset`` unless given.
        digest: of the frame's plan, not of its rows, unless given.
        predictions: the column with what a model predicted.

    Raises:
        InvalidParameter: a column is missing.
    """

    def __init__(
        self,
        df: Any,
        source: DatasetSource,
        targets: str | None = None,
        name: str | None = None,
        digest: str | None = None,
        predictions: str | None = None,
    ) -> None:
        check_columns(df.columns, "Spark frame", targets=targets, predictions=predictions)
        self._df = df
        self._targets = targets
        self._predictions = predictions
        super().__init__(source, name, digest)

    def _compute_digest(self) -> str:
        return digest_elements([np.int64(self._df.semanticHash())])

    @property
    def df(self) -> Any:
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
    def profile(self) -> dict[str, Any] | None:
        """About how many rows there are, as far as Spark can tell within 5 s; None where it cannot (Spark Connect)."""
        try:
            counted = _count_roughly(self._df)
        except find_spark_errors() as error:
            _log.warning("Spark could not count the rows of a dataset: %s", error)
            return None
        return {"approx_count": counted if counted > 0 else "unknown"}

    @cached_property
    def schema(self) -> Schema | None:
        """The columns; None if one of them is of a type that has no place in a schema."""
        return find_schema(self._df)


def _count_roughly(frame: Any) -> int:
    """Return about how many rows a frame has. Python's `countApprox` does not keep to its time, so the JVM is asked."""
    counts = frame.rdd.mapPartitions(lambda rows: [float(sum(1 for _ in rows))])
    numbers = counts.mapPartitions(lambda parts: [float(sum(parts))])._to_java_object_rdd()  # noqa: SLF001 - there is no public way
    doubles = counts.ctx._jvm.JavaDoubleRDD.fromRDD(numbers.rdd())  # noqa: SLF001 - likewise
    return int(doubles.sumApprox(COUNT_TIMEOUT_MS, COUNT_CONFIDENCE).initialValue().mean())
