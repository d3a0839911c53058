"""From what a user calls a source to the source, and from its JSON back to it.

Further kinds come from the entry points of the group ``headrace.dataset_source``; they count more than those that are built in.
"""

import warnings
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from headrace.base.errors import HeadraceWarning, InvalidParameter, NotFound
from headrace.base.plugins import load_attribute
from headrace.fluent.datasets.file_sources import FILE_SOURCES
from headrace.fluent.datasets.framework_sources import (
    DeltaDatasetSource,
    HuggingFaceDatasetSource,
    SparkDatasetSource,
)
from headrace.fluent.datasets.source import CodeDatasetSource, DatasetSource

GROUP = "headrace.dataset_source"
_KNOWN: tuple[type[DatasetSource], ...] = (
    *FILE_SOURCES,
    HuggingFaceDatasetSource,
    SparkDatasetSource,
    DeltaDatasetSource,
    CodeDatasetSource,
)


def get_registered_sources() -> list[type[DatasetSource]]:
    """Return all kinds of sources; where several fit, the last one counts."""
    found = list(_KNOWN)
    for entry in entry_points(group=GROUP):
        try:
            found.append(load_attribute(entry.value))
        except (ImportError, AttributeError) as error:
            warnings.warn(
                HeadraceWarning(
                    f"The dataset source {entry.name!r} ({entry.value}) cannot be loaded: {error}."
                ),
                stacklevel=2,
            )
    return found


def resolve_dataset_source(raw_source: Any) -> DatasetSource:
    """Return the source that a user named.

    Args:
        raw_source: a source, or a path or URL.

    Raises:
        NotFound: no kind of source fits.
    """
    if isinstance(raw_source, DatasetSource) or hasattr(raw_source, "_get_source_type"):
        source: DatasetSource = raw_source
        return source
    for kind in reversed(get_registered_sources()):
        if kind._can_resolve(raw_source):  # noqa: SLF001 - the name that MLflow's plugins define
            return kind._resolve(raw_source)  # noqa: SLF001 - likewise
    shown = str(raw_source) if isinstance(raw_source, str | Path) else repr(raw_source)
    raise NotFound(
        f"Could not find a source information resolver for the specified dataset source: {shown[:200]}. "
        "Give a path, a URL (http, https, s3, gs, wasbs, abfss, hdfs, ftp, sftp and the like) or a DatasetSource."
    )


def get_dataset_source_from_json(source_json: str, source_type: str) -> DatasetSource:
    """Return the source that a logged dataset describes.

    Raises:
        NotFound: there is no such kind of source.
        InvalidParameter: the description lacks something.
    """
    for kind in reversed(get_registered_sources()):
        if kind._get_source_type() == source_type:  # noqa: SLF001 - the name that MLflow's plugins define
            try:
                return kind.from_json(source_json)
            except (ValueError, AttributeError) as error:
                raise InvalidParameter(
                    f"The description of the source is damaged: {source_json[:200]!r} ({error})."
                ) from None
    raise NotFound(
        f"Could not parse dataset source from JSON due to unrecognized source type: {source_type}. "
        f"A plugin (entry point {GROUP}) may bring it."
    )
