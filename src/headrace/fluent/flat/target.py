"""Where a client's calls go: a tracking URI, its typed client, and the logs of its runs. Knows no call."""

from headrace.api.runs import RunStatus
from headrace.base.errors import InvalidParameter, NotImplementedByServer
from headrace.client.client import Client
from headrace.fluent import state
from headrace.fluent.places import complete_uri
from headrace.fluent.runs import resolve_run_log
from headrace.spool.runlog import RunLog


class Target:
    """A tracking URI as the calls of a client see it.

    Args:
        tracking_uri: the address; that of this process at this moment if it is not given.
        registry_uri: kept for `MlflowClient`'s signature.
        workspace_store_uri: must not be given.

    Raises:
        NotImplementedByServer: workspaces are asked for.
    """

    def __init__(
        self,
        tracking_uri: str | None = None,
        registry_uri: str | None = None,
        workspace_store_uri: str | None = None,
    ) -> None:
        if workspace_store_uri is not None:
            raise NotImplementedByServer("There are no workspaces; leave workspace_store_uri out.")
        self._uri = complete_uri(tracking_uri) if tracking_uri else state.get_tracking_uri()
        self._registry_uri = registry_uri

    @property
    def tracking_uri(self) -> str:
        """The tracking URI."""
        return self._uri

    @property
    def _client(self) -> Client:
        """The typed client, for calls that do not depend on what was logged."""
        return state.get_client(self._uri)

    def _settle(self) -> Client:
        """Wait a little until what this process has logged is stored, and return the typed client."""
        state.flush_reads(uri=self._uri)
        return self._client

    def _open_log(self, run_id: str) -> RunLog:
        """Return where what is logged to a run goes."""
        return resolve_run_log(run_id, self._uri)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(tracking_uri={state.hide_credentials(self._uri)!r})"


def read_status(status: str | None) -> RunStatus | None:
    """Return a state of a run as it is sent; None for None.

    Raises:
        InvalidParameter: there is no such state.
    """
    if status is None:
        return None
    try:
        return RunStatus[str(status)]
    except KeyError:
        raise InvalidParameter(
            f"There is no run status {status!r}; it must be one of {', '.join(RunStatus)}."
        ) from None
