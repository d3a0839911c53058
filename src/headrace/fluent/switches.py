"""Switches of this process and those that it starts, which are kept in the environment."""

import os

from headrace.fluent.environment import ASYNC


def enable_async_logging(enable: bool = True) -> None:
    """Let logging calls answer with an operation that can be waited for, in runs that are started from now on.

    Nothing else changes by that: no logging call waits for a server unless it is asked to.

    Args:
        enable: whether they do.
    """
    os.environ[ASYNC.names[0]] = str(enable).lower()
