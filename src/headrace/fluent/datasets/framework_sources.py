"""Sources that a framework reads again by itself: Hugging Face, Spark, Delta Lake.

The frameworks are loaded when something is read, not before.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

from headrace.base.errors import InvalidParameter
from headrace.base.plugins import load
from headrace.fluent.datasets.source import DatasetSource

_FULL_NAME_PARTS = 3
_OWN_CATALOGS = frozenset({"spark_catalog", "hive_metastore"})

DataFiles = str | Sequence[str] | Mapping[str, str | Sequence[str]]


class HuggingFaceDatasetSource(DatasetSource):
    """A dataset of the Hugging Face hub, or of files that the `datasets` package reads.

    Args:
        path: its name on the hub.
        config_name: which configuration of it.
        data_dir: which folder of it.
        data_files: which files of it.
        split: which split.
        revision: which version.
        trust_remote_code: passed on when the data is loaded, by versions of `datasets` that know it.
    """

    def __init__(
        self,
        path: str,
        config_name: str | None = None,
        data_dir: str | None = None,
        data_files: DataFiles | None = None,
        split: Any = None,
        revision: Any = None,
        trust_remote_code: bool | None = None,
    ) -> None:
        self.path = path
        self.config_name = config_name
        self.data_dir = data_dir
        self.data_files = data_files
        self.split = split
        self.revision = revision
        self.trust_remote_code = trust_remote_code

    @classmethod
    def _get_source_type(cls) -> str:
        return "hugging_face"

    def load(self, **kwargs: Any) -> Any:
        """Load the data with ``datasets.load_dataset``.

        Args:
            kwargs: further arguments of it.

        Raises:
            KeyError: an argument is one that the source determines.
        """
        chosen = {
            "path": self.path,
            "name": self.config_name,
            "data_dir": self.data_dir,
            "data_files": self.data_files,
            "split": self.split,
            "revision": self.revision,
        }
        if self.trust_remote_code is not None:
            chosen["trust_remote_code"] = self.trust_remote_code
        if twice := sorted(chosen.keys() & kwargs.keys()):
            raise KeyError(f"The source determines {', '.join(twice)}; leave them out.")
        return load("datasets", extra="huggingface", purpose="This dataset").load_dataset(**chosen, **kwargs)

    def to_dict(self) -> dict[str, Any]:
        """Return the arguments that load it."""
        return {
            "path": self.path,
            "config_name": self.config_name,
            "data_dir": self.data_dir,
            "data_files": self.data_files,
            "split": str(self.split),
            "revision": self.revision,
        }

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> Self:
        """Return the source that `to_dict` described."""
        names = ("config_name", "data_dir", "data_files", "split", "revision")
        return cls(source_dict.get("path", ""), **{name: source_dict.get(name) for name in names})


class SparkDatasetSource(DatasetSource):
    """A table, a file or a statement that Spark reads; exactly one of them.

    Args:
        path: of a Parquet file or folder.
        table_name: of a table.
        sql: a statement.

    Raises:
        InvalidParameter: there is not exactly one.
    """

    def __init__(
        self, path: str | None = None, table_name: str | None = None, sql: str | None = None
    ) -> None:
        if (path, table_name, sql).count(None) != 2:  # noqa: PLR2004 - of three
            raise InvalidParameter("Name exactly one of path, table_name and sql.")
        self._path = path
        self._table_name = table_name
        self._sql = sql

    @classmethod
    def _get_source_type(cls) -> str:
        return "spark"

    def load(self, **_: Any) -> Any:
        """Return a Spark frame of the data."""
        spark = get_spark()
        if self._path:
            return spark.read.parquet(self._path)
        if self._table_name:
            return spark.read.table(self._table_name)
        return spark.sql(self._sql)

    def to_dict(self) -> dict[str, Any]:
        """Return the one thing that was named."""
        named = {"path": self._path, "table_name": self._table_name, "sql": self._sql}
        return {key: value for key, value in named.items() if value is not None}

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> Self:
        """Return the source that `to_dict` described."""
        return cls(source_dict.get("path"), source_dict.get("table_name"), source_dict.get("sql"))


class DeltaDatasetSource(DatasetSource):
    """A table of Delta Lake, at a version.

    Args:
        path: of the table's folder; either this or the name.
        delta_table_name: of the table. In a session whose catalogue is not Spark's own, the name is completed with it.
        delta_table_version: which version; the newest unless given.
        delta_table_id: of a table of Unity Catalog.

    Raises:
        InvalidParameter: there is not exactly one of path and name.
    """

    def __init__(
        self,
        path: str | None = None,
        delta_table_name: str | None = None,
        delta_table_version: int | None = None,
        delta_table_id: str | None = None,
    ) -> None:
        if (path, delta_table_name).count(None) != 1:
            raise InvalidParameter("Name exactly one of path and delta_table_name.")
        self._path = path
        self._delta_table_name = None if delta_table_name is None else _complete_name(delta_table_name)
        self._delta_table_version = delta_table_version
        self._delta_table_id = delta_table_id

    @property
    def path(self) -> str | None:
        """The table's folder, if it is known by that."""
        return self._path

    @property
    def delta_table_name(self) -> str | None:
        """The table's name, if it is known by that."""
        return self._delta_table_name

    @property
    def delta_table_version(self) -> int | None:
        """The table's version."""
        return self._delta_table_version

    @property
    def delta_table_id(self) -> str | None:
        """The table's id in Unity Catalog."""
        return self._delta_table_id

    @classmethod
    def _get_source_type(cls) -> str:
        return "delta_table"

    def load(self, **_: Any) -> Any:
        """Return a Spark frame of the table."""
        reader = get_spark().read.format("delta")
        if self._delta_table_version is not None:
            reader = reader.option("versionAsOf", self._delta_table_version)
        if self._path:
            return reader.load(self._path)
        return reader.table(quote_name(self._delta_table_name or ""))

    def to_dict(self) -> dict[str, Any]:
        """Return what is known of the table."""
        known = {
            "path": self._path,
            "delta_table_name": self._delta_table_name,
            "delta_table_version": self._delta_table_version,
        }
        told: dict[str, Any] = {key: value for key, value in known.items() if value}
        catalogue = (self._delta_table_name or "").partition(".")[0]
        if catalogue and catalogue not in _OWN_CATALOGS | {"samples"}:
            told |= {"is_databricks_uc_table": True, "delta_table_id": self._delta_table_id}
        return told

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> Self:
        """Return the source that `to_dict` described."""
        return cls(
            source_dict.get("path"),
            source_dict.get("delta_table_name"),
            source_dict.get("delta_table_version"),
            source_dict.get("delta_table_id"),
        )


def get_spark() -> Any:
    """Return the Spark session of this process; one is begun if there is none.

    Raises:
        NotImplementedByServer: Spark is not installed.
    """
    return load("pyspark.sql", extra="spark", purpose="A dataset of Spark").SparkSession.builder.getOrCreate()


def find_spark_errors() -> tuple[type[Exception], ...]:
    """Return what Spark raises where it cannot do something: its own errors, those of the bridge to Java, and of what Spark Connect lacks."""
    found: list[type[Exception]] = [AttributeError, TypeError]
    for module, name in (("pyspark.errors", "PySparkException"), ("py4j.protocol", "Py4JError")):
        with suppress(ModuleNotFoundError):
            found.append(getattr(load(module), name))
    return tuple(found)


def quote_name(table_name: str) -> str:
    """Return the name of a table with each of its parts in backticks."""
    return ".".join(part if part[:1] == part[-1:] == "`" else f"`{part}`" for part in table_name.split("."))


def _complete_name(table_name: str) -> str:
    """Return the name of a table with catalogue and schema of the running session, if it has one of its own."""
    parts = table_name.split(".")
    if len(parts) >= _FULL_NAME_PARTS:
        return table_name
    if "pyspark" not in sys.modules:
        return table_name
    spark = load("pyspark.sql").SparkSession.getActiveSession()
    if spark is None:
        return table_name
    catalogue, schema = spark.sql("SELECT current_catalog(), current_database()").collect()[0]
    if catalogue in _OWN_CATALOGS:
        return table_name
    return ".".join([catalogue, *([schema] if len(parts) == 1 else []), *parts])
