"""What a run was given: the base of all datasets, and one that knows nothing but its source.

A dataset has a name, a digest of its content, a source, and perhaps a schema and a profile. The module knows no kind of data.
"""

import hashlib
import json
from typing import Any

from msgspec import UNSET

from headrace.api import inputs
from headrace.base.errors import InvalidParameter
from headrace.fluent.datasets.digests import DIGEST_CHARS
from headrace.fluent.datasets.schema import Schema
from headrace.fluent.datasets.source import DatasetSource

DEFAULT_NAME = "dataset"


class Dataset:
    """A dataset. Subclasses set what `_compute_digest` needs before they call this constructor.

    Args:
        source: where the data came from.
        name: ``dataset`` unless given.
        digest: computed unless given.
    """

    def __init__(self, source: DatasetSource, name: str | None = None, digest: str | None = None) -> None:
        self._name = name
        self._source = source
        self._digest = digest or self._compute_digest()

    def _compute_digest(self) -> str:
        """Return a digest of the data, of 36 characters at most."""
        raise NotImplementedError

    def _get_source_type(self) -> str:
        return self._source._get_source_type()  # noqa: SLF001 - the name that MLflow's plugins define

    @property
    def name(self) -> str:
        """The name."""
        return DEFAULT_NAME if self._name is None else self._name

    @property
    def digest(self) -> str:
        """The digest of the content."""
        return self._digest

    @property
    def source(self) -> Any:
        """Where the data came from."""
        return self._source

    @property
    def profile(self) -> Any:
        """A few numbers about the data, or None."""
        return None

    @property
    def schema(self) -> Any:
        """The schema of the data, or None."""
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return name, digest, source and type of the source; subclasses add schema and profile, as JSON."""
        return {
            "name": self.name,
            "digest": self.digest,
            "source": self._source.to_json(),
            "source_type": self._get_source_type(),
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON."""
        return json.dumps(self.to_dict())


class DescribedDataset(Dataset):
    """A dataset with a schema and a profile."""

    def to_dict(self) -> dict[str, Any]:
        """Return name, digest, source, type of the source, schema and profile, the latter two as JSON."""
        return super().to_dict() | {"schema": self._write_schema(), "profile": json.dumps(self.profile)}

    def _write_schema(self) -> str | None:
        """Return the schema as JSON, if there is one."""
        schema = self.schema
        if schema is None:
            return None
        return json.dumps(
            {"mlflow_colspec": schema.to_dict()} if isinstance(schema, Schema) else schema.to_dict()
        )


class MetaDataset(Dataset):
    """A dataset of which only the source is known, and perhaps the schema.

    Args:
        source: where the data is.
        name: ``dataset`` unless given.
        digest: made of name, source and schema unless given.
        schema: of the data.
    """

    def __init__(
        self,
        source: DatasetSource,
        name: str | None = None,
        digest: str | None = None,
        schema: Schema | None = None,
    ) -> None:
        self._schema = schema
        super().__init__(source, name, digest)

    def _compute_digest(self) -> str:
        described = {
            "name": self.name,
            "source": self._source.to_json(),
            "source_type": self._get_source_type(),
            "schema": self._schema.to_dict() if self._schema else "",
        }
        return hashlib.sha256(json.dumps(described).encode()).hexdigest()[:DIGEST_CHARS]

    @property
    def schema(self) -> Schema | None:
        """The schema of the data, or None."""
        return self._schema

    def to_dict(self) -> dict[str, Any]:
        """Return name, digest, source, type of the source, and the schema as JSON if there is one."""
        described = super().to_dict()
        if self._schema:
            described["schema"] = json.dumps({"mlflow_colspec": self._schema.to_dict()})
        return described


def check_columns(columns: Any, kind: str, **named: str | None) -> None:
    """Refuse columns that a table does not have.

    Args:
        columns: what it has.
        kind: what the table is, for the message.
        named: what a column is for, and its name; None for none.

    Raises:
        InvalidParameter: one is missing.
    """
    for purpose, name in named.items():
        if name is not None and name not in columns:
            raise InvalidParameter(
                f"The {kind} has no column {name!r} for {purpose}; it has {', '.join(map(str, list(columns)[:20]))}."
            )


def to_wire(dataset: Any) -> inputs.Dataset:
    """Return a dataset as it is sent.

    Args:
        dataset: of this package, or anything else whose `to_dict` has name, digest, source and source_type.

    Raises:
        InvalidParameter: it is no dataset.
    """
    try:
        described = dataset.to_dict()
        name, digest = described["name"], described["digest"]
        source, source_type = described["source"], described["source_type"]
    except (AttributeError, KeyError, TypeError):
        raise InvalidParameter(
            f"{dataset!r:.200} is no dataset; make one with from_pandas, from_numpy, from_files or another of headrace.data."
        ) from None
    schema, profile = described.get("schema"), described.get("profile")
    return inputs.Dataset(
        name=name,
        digest=digest,
        source=source,
        source_type=source_type,
        schema=UNSET if schema is None else schema,
        profile=UNSET if profile is None else profile,
    )
