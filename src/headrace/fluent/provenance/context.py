"""The tags by which MLflow says where a run comes from: user, source name, source type. Cheap enough to be set while a run starts."""

import getpass
import os
import sys

import msgspec

from headrace.base.errors import InvalidParameter
from headrace.base.settings import CLIENT_SETTINGS, Setting
from headrace.fluent.provenance.notebook import find_notebook

USER_TAG = "mlflow.user"
SOURCE_NAME_TAG = "mlflow.source.name"
SOURCE_TYPE_TAG = "mlflow.source.type"
CONSOLE = "<console>"

_RUN_CONTEXT = Setting(
    ("HEADRACE_RUN_CONTEXT", "MLFLOW_RUN_CONTEXT"), "tags for each new run, as a JSON object"
)


def context_tags() -> dict[str, str]:
    """Return the tags that each new run gets; those that the user gives win over them.

    Raises:
        InvalidParameter: MLFLOW_RUN_CONTEXT holds no JSON object of texts.
    """
    notebook = find_notebook()
    tags = {USER_TAG: read_user(), SOURCE_NAME_TAG: read_source_name(), SOURCE_TYPE_TAG: "LOCAL"}
    if notebook is not None:
        tags[SOURCE_TYPE_TAG] = "NOTEBOOK"
        if notebook.path:
            tags[SOURCE_NAME_TAG] = notebook.path.replace("\\", "/").rpartition("/")[2]
    return tags | _read_given()


def read_user() -> str:
    """Return who runs this: the user name given for the tracking server if there is one, else that of the operating system."""
    return CLIENT_SETTINGS["username"].find() or read_login()


def read_login() -> str:
    """Return the operating system's name for the user; its number where there is no name, as in many containers."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        number = getattr(os, "getuid", None)
        return str(number()) if number else "unknown"


def read_source_name() -> str:
    """Return the program as it was called, or ``<console>``."""
    return (sys.argv[0] if getattr(sys, "argv", None) else "") or CONSOLE


def _read_given() -> dict[str, str]:
    text = _RUN_CONTEXT.find()
    if text is None:
        return {}
    try:
        given = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise InvalidParameter(
            f"{' or '.join(_RUN_CONTEXT.names)} is {text[:100]!r}, which is no JSON object ({error}). "
            'Set it to something like {"team": "vision"}.'
        ) from None
    return {key: _as_text(bytes(value)) for key, value in given.items()}


def _as_text(raw: bytes) -> str:
    value = msgspec.json.decode(raw)
    return value if isinstance(value, str) else raw.decode()
