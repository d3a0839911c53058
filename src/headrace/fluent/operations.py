"""What a logging call with ``synchronous=False`` gives back, and what one with ``synchronous=True`` waits for."""

from headrace.api.ingest import Rejection
from headrace.base.errors import InvalidParameter, Unavailable
from headrace.spool.runlog import RunLog

STORED_WAIT_S = 120.0
"""How long a synchronous call waits until what it logged is stored."""


class RunOperations:
    """Something was logged, and is kept on this machine until it is stored. `wait` waits for that.

    Args:
        log: the run's log.
    """

    def __init__(self, log: RunLog) -> None:
        self._log = log

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until what was logged before this call is stored.

        Args:
            timeout_s: seconds to wait at most; 120 by default.

        Raises:
            InvalidParameter: the server has refused some of it.
            Unavailable: it is not stored in that time. It is kept, and sent later.
        """
        wait_until_stored(self._log, timeout_s)


def wait_until_stored(log: RunLog, timeout_s: float | None = None) -> None:
    """Wait until what was logged to a run is stored.

    Args:
        log: the run's log.
        timeout_s: seconds to wait at most; 120 by default.

    Raises:
        InvalidParameter: the server has refused some of it.
        Unavailable: it is not stored in that time.
    """
    limit_s = STORED_WAIT_S if timeout_s is None else timeout_s
    is_stored = log.flush(limit_s)
    rejections = log.take_rejections()
    if rejections:
        raise InvalidParameter(describe_rejections(log.run_id, rejections))
    if not is_stored:
        raise Unavailable(
            f"What was logged to the run {log.run_id} was not stored within {limit_s:.0f} s. It is kept on this machine and is sent when the server is in reach."
        )


def describe_rejections(run_id: str, rejections: list[Rejection]) -> str:
    """Return what the server has refused, and why, in a few words."""
    shown = "; ".join(f"{each.what}: {each.reason}" for each in rejections[:_SHOWN])
    more = f"; and {len(rejections) - _SHOWN} more" if len(rejections) > _SHOWN else ""
    return f"Not all that was logged to the run {run_id} was stored: {shown}{more}"


_SHOWN = 5
