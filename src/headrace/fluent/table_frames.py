"""Frames of logged tables: from what a user gives, to files and back. Needs pandas; Parquet needs pyarrow, too.

The module knows no server; images of a table go to the log that it is given.
"""

import io
import logging
import posixpath
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd  # type: ignore[import-untyped]

from headrace.base.errors import InvalidParameter
from headrace.fluent.artifacts import make_file
from headrace.fluent.media import shrink_image

if TYPE_CHECKING:
    from headrace.spool.runlog import RunLog

_log = logging.getLogger("headrace")


def make_frame(data: Any) -> pd.DataFrame:
    """Return a frame of what a user gave: a frame, columns by name, or one row by name.

    Raises:
        InvalidParameter: it is none of these.
    """
    if isinstance(data, pd.DataFrame):
        return data
    if not isinstance(data, dict):
        raise InvalidParameter(
            f"data must be a pandas.DataFrame or a dictionary; it is a {type(data).__name__}"
        )
    try:
        return pd.DataFrame(data)
    except ValueError:  # single values, which are a row
        return pd.DataFrame([data])


def store_images(log: "RunLog", frame: pd.DataFrame, artifact_file: str) -> pd.DataFrame:
    """Return a frame in which images stand by their paths, after they were logged as files of their own.

    Raises:
        ValueError: a column has images and other things.
    """
    folder = posixpath.join("table_images", posixpath.splitext(artifact_file)[0])
    copied = False
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if column.dtype != object:
            continue
        are_images = [_is_image(value) for value in column]
        if any(are_images) and not all(are_images):
            raise ValueError(
                f"Column `{frame.columns[place]}` contains a mix of images and non-images. Please ensure that all elements in the column are of the same type."
            )
        if any(are_images):
            frame, copied = (frame if copied else frame.copy()), True
            stored = [_store_image(log, image, folder) for image in column]
            frame.isetitem(place, pd.Series(stored, index=frame.index, dtype=object))
    return frame


def _is_image(value: Any) -> bool:
    return (
        callable(getattr(value, "save", None))
        and callable(getattr(value, "resize", None))
        and hasattr(value, "size")
    )


def _store_image(log: "RunLog", image: Any, folder: str) -> dict[str, str]:
    path = posixpath.join(folder, str(uuid.uuid4()))
    for picture, name in ((image, f"{path}.png"), (shrink_image(image), f"{path}.webp")):
        with make_file(log, name) as file:
            picture.save(str(file))
    return {"type": "image", "filepath": f"{path}.png", "compressed_filepath": f"{path}.webp"}


def write_table(frame: pd.DataFrame, path: str, before: bytes | None) -> bytes:
    """Return the file of a table.

    Args:
        frame: the rows to be added.
        path: of the file, whose ending says its kind.
        before: the file as it is so far, if there is one.

    Raises:
        InvalidParameter: the rows cannot be written so.
    """
    whole = frame if before is None else pd.concat([read_table(before, path), frame], ignore_index=True)
    try:
        if path.endswith(".json"):
            text: str = whole.to_json(orient="split", index=False, date_format="iso")
            return text.encode()
        content: bytes = whole.to_parquet(None, index=False)
    except (ValueError, TypeError, OverflowError, ImportError) as error:
        raise InvalidParameter(f"The rows cannot be written as the table {path!r}: {error}") from None
    return content


def read_table(content: bytes, path: str) -> pd.DataFrame:
    """Return the rows of a table's file."""
    if path.endswith(".json"):
        return pd.read_json(io.BytesIO(content), orient="split")
    return pd.read_parquet(io.BytesIO(content))


def join_tables(
    tables: Sequence[bytes], path: str, runs: pd.DataFrame, extra_columns: Sequence[str]
) -> pd.DataFrame:
    """Return the rows of the tables of several runs, with columns of what is known of the runs.

    Args:
        tables: the files, in the order of the runs.
        path: of the table in the runs.
        runs: a frame of the runs.
        extra_columns: which of its columns to add; one that the table has already gets an underscore behind its name.
    """
    frames = []
    for number, content in enumerate(tables):
        frame = read_table(content, path)
        for name in extra_columns:
            if name not in runs.columns:
                raise InvalidParameter(
                    f"The runs have no column {name!r}; there are {', '.join(runs.columns)}."
                )
            if name in frame:
                _log.warning(
                    "The table %s has a column %s itself; that of the runs is %s_.", path, name, name
                )
            frame[f"{name}_" if name in frame else name] = runs.iloc[number][name]
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)
