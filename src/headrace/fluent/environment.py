"""What the environment says to a training process, and in which words. Knows no run and no server."""

from headrace.base.errors import InvalidParameter
from headrace.base.settings import CLIENT_SETTINGS, Setting

TRACKING_URI = CLIENT_SETTINGS["tracking_uri"]
EXPERIMENT_NAME = Setting(
    ("HEADRACE_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_NAME"),
    "the experiment of new runs, by name; made if need be",
)
EXPERIMENT_ID = Setting(
    ("HEADRACE_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_ID"), "the experiment of new runs, by id"
)
RUN_ID = Setting(("HEADRACE_RUN_ID", "MLFLOW_RUN_ID"), "the run that the first start_run goes on with")
JOB_ID = Setting(
    ("HEADRACE_JOB_ID",),
    "names the job whose first run is the same one in every rank and after every restart",
)
ATTEMPT = Setting(("HEADRACE_ATTEMPT",), "the launcher's name for this launch of the job")
ASYNC = Setting(
    ("HEADRACE_ENABLE_ASYNC_LOGGING", "MLFLOW_ENABLE_ASYNC_LOGGING"),
    "whether logging calls answer with an operation that can be waited for",
)
ACTIVE_MODEL_ID = Setting(
    ("HEADRACE_ACTIVE_MODEL_ID", "MLFLOW_ACTIVE_MODEL_ID"), "the logged model that metrics belong to"
)
STRICT = Setting(("HEADRACE_STRICT",), "whether the loss of a record raises")
GRACE_S = Setting(("HEADRACE_GRACE_S",), "seconds to send what is left after a signal to end; 5 by default")
EXIT_WAIT_S = Setting(
    ("HEADRACE_EXIT_WAIT_S",),
    "seconds that the end of a process waits while nothing can be sent; 5 by default",
)
LEASE_S = Setting(
    ("HEADRACE_LEASE_S",),
    "seconds of silence after which a run counts as LOST; 90 by default, 0 for never",
)
ANSWER_S = Setting(
    ("HEADRACE_ANSWER_S",),
    "seconds that start_run and set_experiment wait for a server before they go on without it; 2 by default",
)

SETTINGS: dict[str, Setting] = {
    "experiment_name": EXPERIMENT_NAME,
    "experiment_id": EXPERIMENT_ID,
    "run_id": RUN_ID,
    "job_id": JOB_ID,
    "attempt": ATTEMPT,
    "enable_async_logging": ASYNC,
    "active_model_id": ACTIVE_MODEL_ID,
    "strict": STRICT,
    "grace_s": GRACE_S,
    "exit_wait_s": EXIT_WAIT_S,
    "lease_s": LEASE_S,
    "answer_s": ANSWER_S,
}


def read_seconds(setting: Setting, default: float) -> float:
    """Return a number of seconds.

    Raises:
        InvalidParameter: the value is no number, or negative.
    """
    text = setting.find()
    try:
        value = default if text is None else float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise InvalidParameter(f"{' or '.join(setting.names)} is {text!r}; set it to a number of seconds.")
    return value
