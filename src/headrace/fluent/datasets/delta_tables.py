"""What Spark knows of Delta tables: whether there is one, and its newest version."""

import logging
from pathlib import Path
from typing import Any

from headrace.base.plugins import load
from headrace.fluent.datasets.framework_sources import find_spark_errors, get_spark, quote_name

_log = logging.getLogger("headrace")


def is_delta_folder(path: str) -> bool:
    """Tell whether a folder of this machine, or of DBFS as it is mounted here, holds a Delta table."""
    mounted = path.removeprefix("dbfs:").removeprefix("/dbfs").lstrip("/")
    return any((place / "_delta_log").is_dir() for place in (Path(path), Path("/dbfs", mounted)))


def is_delta_table(table_name: str) -> bool:
    """Tell whether Spark knows a Delta table by that name."""
    trouble = load("pyspark.sql.utils", extra="spark", purpose="A dataset of Spark").AnalysisException
    try:
        return bool(
            get_spark().sql(f"DESCRIBE DETAIL {quote_name(table_name)}").filter("format = 'delta'").count()
        )
    except trouble:
        return False


def find_version(*, path: str | None = None, table_name: str | None = None) -> int | None:
    """Return the newest version of a Delta table; None, with a warning in the log, if it cannot be found.

    Args:
        path: of its folder; either this or the name.
        table_name: its name.
    """
    try:
        spark = get_spark()
        tables = spark._jvm.io.delta.tables.DeltaTable  # noqa: SLF001 - there is no public way without the delta package
        session = spark._jsparkSession  # noqa: SLF001 - likewise
        table: Any = (
            tables.forPath(session, path)
            if path is not None
            else tables.forName(session, quote_name(table_name or ""))
        )
        row = table.history(1).head()
        return int(row.get(row.fieldIndex("version")))
    except find_spark_errors() as error:
        _log.warning("The version of the Delta table %s could not be found: %s", path or table_name, error)
        return None
