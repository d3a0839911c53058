"""Datasets that are arrays of numpy."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from headrace.base.cached import cached_property
from headrace.base.errors import InvalidParameter
from headrace.fluent.datasets.dataset import DescribedDataset
from headrace.fluent.datasets.digests import digest_arrays
from headrace.fluent.datasets.inference import find_schema
from headrace.fluent.datasets.schema import TensorDatasetSchema
from headrace.fluent.datasets.source import DatasetSource

Arrays: TypeAlias = np.ndarray[Any, Any] | Mapping[str, np.ndarray[Any, Any]]


class NumpyDataset(DescribedDataset):
    """Arrays.

    Args:
        features: an array, or arrays by name.
        source: where they came from.
        targets: likewise, what is to be predicted.
        name: ``dataset`` unless given.
        digest: computed unless given.

    Raises:
        InvalidParameter: what is given is no array.
    """

    def __init__(
        self,
        features: Arrays,
        source: DatasetSource,
        targets: Arrays | None = None,
        name: str | None = None,
        digest: str | None = None,
    ) -> None:
        _check("features", features)
        if targets is not None:
            _check("targets", targets)
        self._features = features
        self._targets = targets
        super().__init__(source, name, digest)

    def _compute_digest(self) -> str:
        return digest_arrays(self._features, self._targets)

    @property
    def features(self) -> Arrays:
        """The array, or the arrays by name."""
        return self._features

    @property
    def targets(self) -> Arrays | None:
        """What is to be predicted, or None."""
        return self._targets

    @property
    def profile(self) -> dict[str, Any]:
        """Shape, number of elements and bytes of the arrays."""
        told: dict[str, Any] = {}
        for part, arrays in (("features", self._features), ("targets", self._targets)):
            if arrays is None:
                continue
            for what in ("shape", "size", "nbytes"):
                told[f"{part}_{what}"] = (
                    {name: getattr(array, what) for name, array in arrays.items()}
                    if isinstance(arrays, Mapping)
                    else getattr(arrays, what)
                )
        return told

    @cached_property
    def schema(self) -> TensorDatasetSchema | None:
        """The tensors; None for arrays without a dimension."""
        features = find_schema(self._features)
        targets = None if self._targets is None else find_schema(self._targets)
        if features is None or (targets is None and self._targets is not None):
            return None
        return TensorDatasetSchema(features, targets)


def _check(what: str, arrays: Any) -> None:
    given = arrays.values() if isinstance(arrays, Mapping) else [arrays]
    if not all(isinstance(one, np.ndarray) for one in given):
        raise InvalidParameter(
            f"The {what} are {type(arrays).__name__}; give an array of numpy, or a dictionary of arrays."
        )
