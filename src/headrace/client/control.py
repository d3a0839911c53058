"""Run control, from the client's side: what state a run is in, and requests to it to stop. Only headrace's servers have these calls."""

from headrace.api import control as rows
from headrace.api.control import ControlledRun, RequestStop, RunControl
from headrace.client.transport import Transport


class Control:
    """Calls about the lives of runs.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, run_id: str) -> RunControl:
        """Return a run's state (LOST where its lease is over), lease, request to stop and attempts.

        Raises:
            NotFound: there is no such run.
        """
        return self._transport.call(rows.GET, ControlledRun(run_id=run_id))

    def request_stop(self, run_id: str, reason: str = "") -> RunControl:
        """Ask a run to stop. It hears of it with its next batch, or when it asks; a second request changes nothing.

        Args:
            run_id: the run.
            reason: shown to the run, and to people; at most 1,000 characters.

        Raises:
            NotFound: there is no such run.
            InvalidState: it has ended.
        """
        return self._transport.call(rows.REQUEST_STOP, RequestStop(run_id=run_id, reason=reason))

    def cancel_stop(self, run_id: str) -> RunControl:
        """Take the request to stop back; without one nothing happens."""
        return self._transport.call(rows.CANCEL_STOP, ControlledRun(run_id=run_id))

    def acknowledge(self, run_id: str) -> RunControl:
        """Say, as the run, that the request to stop has been heard; without one nothing happens."""
        return self._transport.call(rows.ACKNOWLEDGE, ControlledRun(run_id=run_id))
