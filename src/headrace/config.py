"""Switches of a process, as in `mlflow.config`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.fluent.state import (
        get_registry_uri,
        get_tracking_uri,
        is_tracking_uri_set,
        set_registry_uri,
        set_tracking_uri,
    )
    from headrace.fluent.switches import enable_async_logging
    from headrace.fluent.system_metrics import (
        disable_system_metrics_logging,
        enable_system_metrics_logging,
        set_system_metrics_node_id,
        set_system_metrics_samples_before_logging,
        set_system_metrics_sampling_interval,
    )

__all__ = [
    "disable_system_metrics_logging",
    "enable_async_logging",
    "enable_system_metrics_logging",
    "get_registry_uri",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "set_registry_uri",
    "set_system_metrics_node_id",
    "set_system_metrics_samples_before_logging",
    "set_system_metrics_sampling_interval",
    "set_tracking_uri",
]

__getattr__, __dir__ = open_door(
    __name__,
    {
        "disable_system_metrics_logging": "headrace.fluent.system_metrics:disable_system_metrics_logging",
        "enable_async_logging": "headrace.fluent.switches:enable_async_logging",
        "enable_system_metrics_logging": "headrace.fluent.system_metrics:enable_system_metrics_logging",
        "get_registry_uri": "headrace.fluent.state:get_registry_uri",
        "get_tracking_uri": "headrace.fluent.state:get_tracking_uri",
        "is_tracking_uri_set": "headrace.fluent.state:is_tracking_uri_set",
        "set_registry_uri": "headrace.fluent.state:set_registry_uri",
        "set_system_metrics_node_id": "headrace.fluent.system_metrics:set_system_metrics_node_id",
        "set_system_metrics_samples_before_logging": "headrace.fluent.system_metrics:set_system_metrics_samples_before_logging",
        "set_system_metrics_sampling_interval": "headrace.fluent.system_metrics:set_system_metrics_sampling_interval",
        "set_tracking_uri": "headrace.fluent.state:set_tracking_uri",
    },
)
