"""What names and values may look like. The limits are MLflow's."""

import posixpath
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from headrace.api.endpoint import Tag
from headrace.base.errors import InvalidParameter
from headrace.base.ids import RUN_ID, parse_experiment_id

RUN_NAME_TAG = "mlflow.runName"
MAX_KEY = 250
MAX_PARAM = 6000
MAX_TAG = 8000
MAX_EXPERIMENT_NAME = 500
MAX_EXPERIMENT_TAG = 20_000
MAX_INPUT_TAG_KEY = 255
MAX_INPUT_TAG = 500
MAX_BATCH_METRICS = 1000
MAX_BATCH_PARAMS = 100
MAX_BATCH_TAGS = 100
MAX_BATCH = 1000
_EXCERPT = 60
_KEY = re.compile(r"[/\w.\- :]+")


def excerpt(text: str) -> str:
    """Return a text for a message: quoted, and cut if it is long."""
    return repr(text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…")


@lru_cache(maxsize=20_000)
def check_key(name: str, what: str) -> str:
    """Return the key of a metric, param or tag if it is legal.

    Args:
        name: the key.
        what: what it is the key of, for the message.

    Raises:
        InvalidParameter: it is empty, too long, has a forbidden character, or is no normal path.
    """
    if len(name) > MAX_KEY:
        raise InvalidParameter(
            f"The {what} name {excerpt(name)} has {len(name)} characters; at most {MAX_KEY} are allowed."
        )
    if not _KEY.fullmatch(name):
        raise InvalidParameter(
            f"Invalid {what} name {excerpt(name)}: it must not be empty, and may hold letters, digits, underscores, dashes, periods, "
            "spaces, colons and slashes."
        )
    if posixpath.normpath(name) != name or name == "." or name.startswith(("../", "/")) or name == "..":
        raise InvalidParameter(
            f"Invalid {what} name {excerpt(name)}: read as a path it must be in normal form, such as "
            f"{posixpath.normpath('/' + name).lstrip('/') or 'loss'!r}."
        )
    return name


def check_any_key(name: str, what: str) -> str:
    """Return a key that may hold any character, as those of logged models may.

    Raises:
        InvalidParameter: it is empty, too long, or holds a NUL character.
    """
    if not name or len(name) > MAX_KEY or "\0" in name:
        raise InvalidParameter(
            f"Invalid {what} name {excerpt(name)}: it has 1 to {MAX_KEY} characters, and no NUL."
        )
    return name


def check_value(value: str, what: str, limit: int, *, truncate: bool = False) -> str:
    """Return the value of a param or tag if it is legal, cut to the limit if that is wanted.

    Raises:
        InvalidParameter: it is too long, or holds a NUL character (which not every database can store).
    """
    if len(value) > limit:
        if not truncate:
            raise InvalidParameter(
                f"The value of {what} has {len(value)} characters; at most {limit} are allowed. Log it as an artifact instead."
            )
        value = value[:limit]
    if "\0" in value:
        raise InvalidParameter(
            f"The value of {what} holds a NUL character, which cannot be stored; remove it."
        )
    return value


def check_tags(tags: Iterable[Tag], limit: int, *, truncate: bool = False) -> list[Tag]:
    """Return tags with their keys and values checked, see `check_key` and `check_value`."""
    return [
        Tag(
            key=check_key(t.key, "tag"),
            value=check_value(t.value, f"tag {t.key!r}", limit, truncate=truncate),
        )
        for t in tags
    ]


def check_timestamp(timestamp: int, key: str) -> int:
    """Return a metric's time if it is legal.

    Raises:
        InvalidParameter: it is negative.
    """
    if timestamp < 0:
        raise InvalidParameter(
            f"Invalid timestamp {timestamp} of metric {excerpt(key)}: it is counted in milliseconds since 1970 and cannot be negative."
        )
    return timestamp


def check_page_size(size: int, limit: int) -> int:
    """Return a page size if it is legal.

    Raises:
        InvalidParameter: it is below 1 or over the limit.
    """
    if not 1 <= size <= limit:
        raise InvalidParameter(f"Invalid max_results {size}: it must lie between 1 and {limit}.")
    return size


def get_run_id(run_id: str, run_uuid: str = "") -> str:
    """Return the run id of a request, which older clients send as `run_uuid`.

    Raises:
        InvalidParameter: there is none, or it cannot be one.
    """
    found = run_id or run_uuid
    if not found:
        raise InvalidParameter("Missing value for the required parameter 'run_id'.")
    if not RUN_ID.fullmatch(found):
        raise InvalidParameter(
            f"Invalid run id {excerpt(found)}: it begins with a letter or digit and holds letters, digits, underscores and dashes."
        )
    return found


def get_experiments(experiment_ids: Sequence[str], limit: int | None = None) -> list[int]:
    """Return the numbers of the experiments of a request, in its order.

    Raises:
        InvalidParameter: there are none, more than the limit, or one cannot be an id.
    """
    if not experiment_ids:
        raise InvalidParameter(
            "Missing value for the required parameter 'experiment_ids': name at least one experiment."
        )
    if limit is not None and len(experiment_ids) > limit:
        raise InvalidParameter(
            f"{len(experiment_ids)} experiments are asked for at once; at most {limit} are allowed. Ask in several calls."
        )
    return [parse_experiment_id(each) for each in experiment_ids]
