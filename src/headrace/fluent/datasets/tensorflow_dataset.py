"""Datasets of TensorFlow: tensors, and `tf.data.Dataset`. Needs TensorFlow."""

import logging
from itertools import chain
from typing import Any

import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]

from headrace.base.cached import cached_property
from headrace.base.errors import InvalidParameter
from headrace.fluent.datasets.dataset import DescribedDataset
from headrace.fluent.datasets.digests import digest_arrays, digest_elements, hash_elements
from headrace.fluent.datasets.inference import infer_schema
from headrace.fluent.datasets.schema import Schema, TensorDatasetSchema
from headrace.fluent.datasets.source import DatasetSource

_log = logging.getLogger("headrace")


class TensorFlowDataset(DescribedDataset):
    """Tensors, or a `tf.data.Dataset`.

    Args:
        features: a tensor or a dataset.
        source: where it came from.
        targets: likewise, what is to be predicted; of the same kind as the features.
        name: ``dataset`` unless given.
        digest: computed unless given, for which a `tf.data.Dataset` is read to its end.

    Raises:
        InvalidParameter: features or targets are of another kind.
    """

    def __init__(
        self,
        features: Any,
        source: DatasetSource,
        targets: Any = None,
        name: str | None = None,
        digest: str | None = None,
    ) -> None:
        if not _is_dataset(features) and not tf.is_tensor(features):
            raise InvalidParameter(
                f"The features are a {type(features).__name__}; give a tf.data.Dataset or a tensor."
            )
        is_alike = _is_dataset(targets) if _is_dataset(features) else tf.is_tensor(targets)
        if targets is not None and not is_alike:
            raise InvalidParameter(
                f"The features are a {type(features).__name__} and the targets a {type(targets).__name__}; "
                "give two tensors, or two objects of tf.data.Dataset."
            )
        self._features = features
        self._targets = targets
        super().__init__(source, name, digest)

    def _compute_digest(self) -> str:
        if not _is_dataset(self._features):
            return digest_arrays(
                self._features.numpy(), None if self._targets is None else self._targets.numpy()
            )
        parts = [one.as_numpy_iterator() for one in (self._features, self._targets) if one is not None]
        return digest_elements([_hash_element(element) for element in chain(*parts) if element is not None])

    @property
    def data(self) -> Any:
        """The features."""
        return self._features

    @property
    def targets(self) -> Any:
        """What is to be predicted, or None."""
        return self._targets

    @property
    def profile(self) -> dict[str, int]:
        """How many elements there are; negative if a `tf.data.Dataset` does not know."""
        told = {"features_cardinality": _count(self._features)}
        if self._targets is not None:
            told["targets_cardinality"] = _count(self._targets)
        return told

    @cached_property
    def schema(self) -> TensorDatasetSchema | None:
        """The tensors; None if an element holds something else."""
        try:
            targets = None if self._targets is None else _infer(self._targets)
            return TensorDatasetSchema(_infer(self._features), targets)
        except (InvalidParameter, StopIteration) as error:
            _log.info("A dataset is logged without a schema: %s", error)
            return None


def _is_dataset(given: Any) -> bool:
    return isinstance(given, tf.data.Dataset)


def _hash_element(element: Any) -> Any:
    flat = [np.asarray(one).flatten() for one in tf.nest.flatten(element)]
    return hash_elements(np.concatenate(flat))


def _count(given: Any) -> int:
    return int(given.cardinality().numpy() if _is_dataset(given) else tf.size(given).numpy())


def _infer(given: Any) -> Schema:
    """Return the schema of a tensor, or of the first element of a dataset."""
    if not _is_dataset(given):
        return infer_schema(given.numpy())
    element = next(given.as_numpy_iterator())
    if isinstance(element, tuple):  # several tensors of a schema need names
        element = {str(number): one for number, one in enumerate(element)}
    parts = element.values() if isinstance(element, dict) else [element]
    if not all(isinstance(one, np.ndarray) for one in parts):
        raise InvalidParameter(
            "Only tensors have a place in a schema: no ragged, sparse or nested ones, and no scalars."
        )
    return infer_schema(element)
