"""Reading artifacts, as `mlflow.artifacts` does. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.fluent.artifact_reads import (
        download_artifacts,
        list_artifacts,
        load_dict,
        load_image,
        load_text,
    )

__all__ = ["download_artifacts", "list_artifacts", "load_dict", "load_image", "load_text"]

__getattr__, __dir__ = open_door(
    __name__,
    {
        "download_artifacts": "headrace.fluent.artifact_reads:download_artifacts",
        "list_artifacts": "headrace.fluent.artifact_reads:list_artifacts",
        "load_dict": "headrace.fluent.artifact_reads:load_dict",
        "load_image": "headrace.fluent.artifact_reads:load_image",
        "load_text": "headrace.fluent.artifact_reads:load_text",
    },
)
