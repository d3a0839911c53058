"""The info of a run that was begun without a call: its id and name at once, its experiment and artifact root when a server has answered."""

from typing import Any

from headrace.api.runs import RunStatus
from headrace.base.errors import Unavailable
from headrace.client.entities import LifecycleStage, RunInfo
from headrace.fluent import state
from headrace.spool.runlog import RunLog

KNOWN_WAIT_S = 30.0
"""How long `experiment_id` and `artifact_uri` wait for a server."""


class LazyRunInfo(RunInfo):
    """A run's info; two of its fields may wait for a server.

    Args:
        uri: the tracking URI.
        log: the run's log.
        run_name: its name.
        user_id: who has started it.
        start_time: Unix milliseconds.
        experiment_id: its experiment, if that is known; else empty.
        artifact_uri: where its artifacts go, if that is known; else empty.
    """

    def __init__(
        self,
        uri: str,
        log: RunLog,
        *,
        run_name: str,
        user_id: str,
        start_time: int,
        experiment_id: str = "",
        artifact_uri: str = "",
    ) -> None:
        self.run_id, self.run_name, self.user_id = log.run_id, run_name, user_id
        self.status, self.lifecycle_stage = str(RunStatus.RUNNING), LifecycleStage.ACTIVE
        self.start_time, self.end_time = start_time, None
        self._uri, self._log = uri, log
        self._experiment_id, self._artifact_uri = experiment_id, artifact_uri

    @property
    def known_experiment_id(self) -> str:
        """The experiment's id, if it is known without waiting; else empty."""
        return self._experiment_id or self._log.experiment_id or ""

    @property
    def experiment_id(self) -> str:  # type: ignore[override]  # a field of the base that is computed here
        """The experiment's id, waited for if it is not known yet.

        Raises:
            Unavailable: no server answers, so it is not known.
        """
        if not self._experiment_id:
            if not self._log.experiment_id:
                self._log.flush(KNOWN_WAIT_S)
            if not self._log.experiment_id:
                raise self._unknown("experiment")
            self._experiment_id = self._log.experiment_id
        return self._experiment_id

    @property
    def artifact_uri(self) -> str:  # type: ignore[override]  # a field of the base that is computed here
        """Where the run's artifacts go, waited for if it is not known yet.

        Raises:
            Unavailable: no server answers, so it is not known.
        """
        if not self._artifact_uri:
            if not self._log.experiment_id:
                self._log.flush(KNOWN_WAIT_S)
            if not self._log.experiment_id:
                raise self._unknown("artifact root")
            run = state.get_client(self._uri).runs.get(self.run_id)
            self._artifact_uri = run.info.artifact_uri
        return self._artifact_uri

    def _unknown(self, what: str) -> Unavailable:
        return Unavailable(
            f"The {what} of the run {self.run_id} is not known before the server at {state.hide_credentials(self._uri)} has answered, and it does not. "
            "The run goes on without, and what it logs is kept on this machine; ask again when the server is in reach."
        )

    def __repr__(self) -> str:
        return f"<RunInfo: run_id={self.run_id!r}, run_name={self.run_name!r}, experiment_id={self._experiment_id!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return RunInfo.from_dictionary, (dict(self),)
