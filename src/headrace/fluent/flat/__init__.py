"""MLflow's client: calls about any run, by id. See `headrace.client.Client` for the typed one."""

from headrace.fluent.flat.artifacts import ArtifactCalls
from headrace.fluent.flat.experiments import ExperimentCalls
from headrace.fluent.flat.logging import LoggingCalls
from headrace.fluent.flat.models import ModelCalls
from headrace.fluent.flat.runs import RunCalls


class MlflowClient(ExperimentCalls, RunCalls, LoggingCalls, ArtifactCalls, ModelCalls):
    """Calls about experiments, runs, artifacts and logged models of a tracking server or database, in MLflow's words.

    What is logged goes through the same log on this machine as with `headrace.log_metric`: calls do not wait for a server, and nothing is lost. Reads wait a little for what
    this process has logged before.

    Args:
        tracking_uri: the address; that of this process at this moment if it is not given.
        registry_uri: kept for MLflow's signature.
        workspace_store_uri: must not be given.
    """


__all__ = ["MlflowClient"]
