"""Switches of the system metrics, as in `mlflow.system_metrics`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.fluent.system_metrics import (
        disable_system_metrics_logging,
        enable_system_metrics_logging,
        set_system_metrics_node_id,
        set_system_metrics_samples_before_logging,
        set_system_metrics_sampling_interval,
    )

__all__ = [
    "disable_system_metrics_logging",
    "enable_system_metrics_logging",
    "set_system_metrics_node_id",
    "set_system_metrics_samples_before_logging",
    "set_system_metrics_sampling_interval",
]

__getattr__, __dir__ = open_door(
    __name__,
    {
        "disable_system_metrics_logging": "headrace.fluent.system_metrics:disable_system_metrics_logging",
        "enable_system_metrics_logging": "headrace.fluent.system_metrics:enable_system_metrics_logging",
        "set_system_metrics_node_id": "headrace.fluent.system_metrics:set_system_metrics_node_id",
        "set_system_metrics_samples_before_logging": "headrace.fluent.system_metrics:set_system_metrics_samples_before_logging",
        "set_system_metrics_sampling_interval": "headrace.fluent.system_metrics:set_system_metrics_sampling_interval",
    },
)
