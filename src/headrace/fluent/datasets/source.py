"""Where data came from: the base of all sources, and the one that only names the code.

A source is a type and a JSON object, and may be able to fetch the data again. The module knows no kind of place.
"""

import json
from collections.abc import Mapping
from typing import Any, Self

from headrace.base.errors import NotImplementedByServer


class DatasetSource:
    """Where a dataset came from. Subclasses define the underscored methods and the two dictionaries, as with MLflow."""

    @classmethod
    def _get_source_type(cls) -> str:
        """Return the word that the source is known by, such as ``s3``."""
        raise NotImplementedError

    @classmethod
    def _can_resolve(cls, raw_source: Any) -> bool:  # noqa: ARG003 - subclasses look at it
        """Tell whether a source of this kind can be made from what a user gave."""
        return False

    @classmethod
    def _resolve(cls, raw_source: Any) -> "DatasetSource":
        """Return the source that a user named."""
        raise NotImplementedError

    def load(self) -> Any:
        """Fetch the data; what is returned depends on the kind of source."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Return what is needed to find the data again."""
        raise NotImplementedError

    def to_json(self) -> str:
        """Return `to_dict` as JSON."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> Self:
        """Return the source that `to_dict` described."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, source_json: str) -> Self:
        """Return the source that `to_json` described."""
        return cls.from_dict(json.loads(source_json))


class CodeDatasetSource(DatasetSource):
    """Data that was made by code: what is known of the script or notebook.

    Args:
        tags: such as ``mlflow.source.name`` and ``mlflow.user``.
    """

    def __init__(self, tags: Mapping[str, Any]) -> None:
        self._tags = tags

    @classmethod
    def _get_source_type(cls) -> str:
        return "code"

    def load(self) -> Any:
        """Refuse: code is not run again by itself.

        Raises:
            NotImplementedByServer: always.
        """
        raise NotImplementedByServer(
            f"This dataset was made by code ({self._tags.get('mlflow.source.name', 'unknown')}) and cannot be loaded again; "
            "name a source such as a path or a URL when you make the dataset."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the tags."""
        return {"tags": self._tags}

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> Self:
        """Return the source that `to_dict` described."""
        return cls(tags=source_dict.get("tags") or {})
