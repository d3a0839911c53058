"""Which status a run ends with: what has ended the block, or the process. No run is known here."""

import signal
import sys

from headrace.api.runs import RunStatus
from headrace.base.errors import StopRequested

_BY_SIGNAL = {128 + signal.SIGINT, 128 + signal.SIGTERM}


def judge(error: BaseException | None, *, signalled: bool = False) -> RunStatus:
    """Return the status of a run whose block was left.

    Args:
        error: what the block was left by; None if it came to its end.
        signalled: whether the process has been told by a signal to end.
    """
    if error is None or isinstance(
        error, GeneratorExit
    ):  # a generator that nobody asks any more has not failed
        return RunStatus.FINISHED
    if isinstance(error, KeyboardInterrupt | StopRequested) or _is_cancellation(error):
        return RunStatus.KILLED
    if isinstance(error, SystemExit):
        return judge_exit(error.code, signalled=signalled)
    return RunStatus.FAILED


def judge_exit(code: object, *, signalled: bool = False) -> RunStatus:
    """Return the status of a run whose process ends.

    Args:
        code: what `sys.exit` was given: None or 0 if all is well.
        signalled: whether the process has been told by a signal to end.
    """
    if signalled or code in _BY_SIGNAL:
        return RunStatus.KILLED
    return RunStatus.FINISHED if code is None or code == 0 else RunStatus.FAILED


def _is_cancellation(error: BaseException) -> bool:
    kind = getattr(sys.modules.get("asyncio"), "CancelledError", None)  # whoever is cancelled has loaded it
    return kind is not None and isinstance(error, kind)
