"""System metrics: what the machine is doing while a run goes on, sampled in the background under MLflow's names.

`begin` and `end` are called by start_run and end_run. Off unless it is asked for: by the call, by `enable_system_metrics_logging`, or by
HEADRACE_ENABLE_SYSTEM_METRICS_LOGGING (or MLflow's name for it). The switches set variables of the environment, so that processes that are started later have them, too.
The module does not know how anything is measured; that is loaded in the background.
"""

import math
import os
import threading

from headrace.base.errors import InvalidParameter
from headrace.base.settings import Setting
from headrace.fluent.system_metrics.sampler import LOGGER, FindStep, Sampled, Sampler

SETTINGS: dict[str, Setting] = {
    "enable_system_metrics_logging": Setting(
        ("HEADRACE_ENABLE_SYSTEM_METRICS_LOGGING", "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"),
        "whether runs log what the machine is doing",
    ),
    "system_metrics_sampling_interval": Setting(
        ("HEADRACE_SYSTEM_METRICS_SAMPLING_INTERVAL", "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL"),
        "seconds between two samples of the system metrics; 10 by default",
    ),
    "system_metrics_samples_before_logging": Setting(
        ("HEADRACE_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", "MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING"),
        "samples of which the mean is logged; 1 by default",
    ),
    "system_metrics_node_id": Setting(
        ("HEADRACE_SYSTEM_METRICS_NODE_ID", "MLFLOW_SYSTEM_METRICS_NODE_ID"),
        "the machine's name in the keys of its system metrics",
    ),
}
INTERVAL_S = 10.0
SAMPLES = 1
PREFIX = "system/"
END_WAIT_S = 2.0
"""How long the end of a run waits for its last sample."""

_NODE_RANKS = ("GROUP_RANK", "NODE_RANK", "SLURM_NODEID", "OMPI_COMM_WORLD_NODE_RANK")
_NODE_COUNTS = ("GROUP_WORLD_SIZE", "NNODES", "SLURM_NNODES", "SLURM_JOB_NUM_NODES")
_LOCAL_RANKS = ("LOCAL_RANK", "SLURM_LOCALID", "OMPI_COMM_WORLD_LOCAL_RANK")

__all__ = [
    "SETTINGS",
    "begin",
    "disable_system_metrics_logging",
    "enable_system_metrics_logging",
    "end",
    "set_system_metrics_node_id",
    "set_system_metrics_samples_before_logging",
    "set_system_metrics_sampling_interval",
]


def enable_system_metrics_logging() -> None:
    """Let runs that are started from now on log system metrics, unless `start_run` is told otherwise."""
    _set("enable_system_metrics_logging", "true")


def disable_system_metrics_logging() -> None:
    """Let runs that are started from now on log no system metrics, unless `start_run` is told otherwise."""
    _set("enable_system_metrics_logging", "false")


def set_system_metrics_sampling_interval(interval: float | None) -> None:
    """Set the time between two samples.

    Args:
        interval: in seconds; None for 10.

    Raises:
        InvalidParameter: it is no positive number.
    """
    text = None if interval is None else str(interval)
    _parse_interval(text)
    _set("system_metrics_sampling_interval", text)


def set_system_metrics_samples_before_logging(samples: int | None) -> None:
    """Set of how many samples the mean is logged.

    Args:
        samples: their number; None for 1.

    Raises:
        InvalidParameter: it is no positive number.
    """
    text = None if samples is None else str(samples)
    _parse_samples(text)
    _set("system_metrics_samples_before_logging", text)


def set_system_metrics_node_id(node_id: str | None) -> None:
    """Set the machine's name in the keys: ``system/<node id>/cpu_utilization_percentage``.

    Args:
        node_id: the name; None for none, or for the number of the machine where a launcher has started the job on several.
    """
    _set("system_metrics_node_id", None if node_id is None else str(node_id))


def begin(run: Sampled, enabled: bool | None = None, *, find_step: FindStep | None = None) -> None:
    """Begin to sample, if that is asked for; the processes of a machine that are not its first (LOCAL_RANK) leave it to that one.

    Args:
        run: the run; its `log` is written to from another thread.
        enabled: yes or no; with None the switches decide.
        find_step: for a run that goes on: returns the last step of its metrics whose keys begin with the given text, or None. Called in the background, again after an error.

    Raises:
        InvalidParameter: a setting has a value that makes no sense.
    """
    if enabled is None:
        enabled = SETTINGS["enable_system_metrics_logging"].is_on(default=False)
    node = SETTINGS["system_metrics_node_id"].find()
    if not enabled or (node is None and _find_number(_LOCAL_RANKS)):
        return
    node = _name_node() if node is None else node
    sampler = Sampler(
        run.log,
        prefix=f"{PREFIX}{node}/" if node else PREFIX,
        interval_s=_parse_interval(SETTINGS["system_metrics_sampling_interval"].find()),
        samples=_parse_samples(SETTINGS["system_metrics_samples_before_logging"].find()),
        find_step=find_step,
    )
    try:
        sampler.start()
    except RuntimeError as error:  # the interpreter is ending, or there can be no more threads
        LOGGER.warning("The system metrics of run %s are not logged: %s", run.log.run_id, error)


def end(run: Sampled) -> None:
    """Take a last sample, and stop. Nothing happens if the run logs no system metrics.

    Args:
        run: the run, before its status is set.
    """
    samplers = [
        thread for thread in threading.enumerate() if isinstance(thread, Sampler) and thread.log is run.log
    ]
    for sampler in samplers:
        sampler.stop(END_WAIT_S)


def _set(name: str, value: str | None) -> None:
    for variable in SETTINGS[name].names:
        if value is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = value


def _parse_interval(text: str | None) -> float:
    try:
        interval_s = INTERVAL_S if text is None else float(text)
    except ValueError:
        interval_s = math.nan
    if not 0 < interval_s < math.inf:
        names = " or ".join(SETTINGS["system_metrics_sampling_interval"].names)
        raise InvalidParameter(f"{names} is {text!r}; set it to a number of seconds above 0.")
    return interval_s


def _parse_samples(text: str | None) -> int:
    if text is None:
        return SAMPLES
    if not (text.isascii() and text.isdigit() and int(text)):
        names = " or ".join(SETTINGS["system_metrics_samples_before_logging"].names)
        raise InvalidParameter(f"{names} is {text!r}; set it to a whole number above 0.")
    return int(text)


def _name_node() -> str:
    """Return a name for this machine where a launcher has started the job on several, empty otherwise."""
    number = _find_number(_NODE_RANKS)
    return f"node_{number}" if number is not None and (_find_number(_NODE_COUNTS) or 1) > 1 else ""


def _find_number(variables: tuple[str, ...]) -> int | None:
    texts = (os.environ.get(variable, "") for variable in variables)
    return next((int(text) for text in texts if text.isascii() and text.isdigit()), None)
