"""What earlier processes of a job have left on this machine, sent before the next attempt says its first word.

Attempts count in the order in which the server hears of them; what a killed attempt has left must not come after the one that follows it. For all else the spool sends
leftovers by itself, in the background.
"""

import logging
import os
import sys
import time
from pathlib import Path

from headrace.spool.contract import Destination
from headrace.spool.folder import digest_of, find_root, read_note
from headrace.spool.recover import CountingHearer, list_left, send_spool

LOGGER = logging.getLogger("headrace")
OTHERS_S = 30.0
"""How long this waits for other processes that are just sending what was left."""
LOOK_S = 0.05


def send_left(uri: str, destination: Destination, root: Path | None, own: Path | None) -> None:
    """Send what processes that are gone have left for a destination.

    Args:
        uri: its address.
        destination: the same, open.
        root: the folder of all spools, as in the spool's settings.
        own: the folder of this process.

    Raises:
        HeadraceError: something was refused, or no answer came; what is left stays.
        OSError: a folder cannot be read.
    """
    until = time.monotonic() + OTHERS_S
    for path in list_left(find_root(root), digest_of(uri), own=own):
        hearer = CountingHearer()
        while not send_spool(path, destination, hearer, lambda: False):
            if not _is_being_sent(path) or time.monotonic() > until:
                break
            time.sleep(LOOK_S)
        if hearer.refusals:
            run_id, what, reason = hearer.refusals[0]
            LOGGER.warning(
                "Of what an earlier process has left, %d records were refused: %s of the run %s: %s",
                len(hearer.refusals),
                what,
                run_id,
                reason,
            )


def _is_being_sent(path: Path) -> bool:
    """Tell whether a process that did not write a folder has it: its writer is gone."""
    note = read_note(path)
    if note is None or sys.platform == "win32":  # where signal 0 would end the process
        return False
    try:
        os.kill(note.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # it lives, and belongs to another user
        return False
    return False
