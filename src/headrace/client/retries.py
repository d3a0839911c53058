"""Which calls may be sent again, and when.

A call is sent again when the connection could not be made or the server said that it did not take it (429, or 503 with
``Retry-After``): nothing has happened then. Any other failure (a connection that broke after the request was sent, a timeout, 408, 500,
502, 504, a bare 503) leaves open whether the server has done it. Then a call is sent again only if doing it twice is the same as
doing it once:

- everything that only reads;
- metrics (equal points collapse), params (the same value again is no change), tags, batches, inputs, outputs, updates;
- delete and restore (the thing ends up as asked; a repeated delete of an experiment, a model or a tag may answer that it is gone already);
- artifact downloads, uploads and deletions.

Not sent again are the calls of `ONCE`: a second run or model would be made, a second creation of an experiment would answer that it
exists already, and a model would be noted twice. (MLflow's client repeats them all.)
"""

import math
import random

from headrace.api import experiments, logged_models, runs
from headrace.api.endpoint import Endpoint, Req, Res
from headrace.base.clock import now_ms
from headrace.base.plugins import load

ONCE = frozenset(row.name for row in (experiments.CREATE, runs.CREATE, runs.LOG_MODEL, logged_models.CREATE))
STATUSES = frozenset({408, 429, 500, 502, 503, 504})
NOT_TAKEN = frozenset({413, 429, 503})
"""With ``Retry-After``, these say that nothing was done (RFC 9110, 10.2.3)."""
BACKOFF_S = 0.5
JITTER_S = 0.5
MAX_PAUSE_S = 30


def may_repeat(endpoint: Endpoint[Req, Res]) -> bool:
    """Tell whether doing a call twice is the same as doing it once."""
    return endpoint.name not in ONCE


class Attempts:
    """The attempts of one call: whether there is another one, and when.

    Args:
        most: how often it is sent again.
        repeat: whether it may be done twice.
    """

    def __init__(self, most: int, *, repeat: bool) -> None:
        self._most = most
        self._repeat = repeat
        self._failed = 0

    def pause_unreached(self) -> float | None:
        """Return the seconds to wait before the next attempt of a call that was not sent; None if there is none."""
        return self._next()

    def pause_broken(self) -> float | None:
        """Likewise, where nobody knows whether the call was done."""
        return self._next() if self._repeat else None

    def pause_refused(self, status: int, retry_after: str | None) -> float | None:
        """Likewise, where the answer is an error.

        Args:
            status: the HTTP status.
            retry_after: the header of that name.
        """
        is_not_taken = retry_after is not None and status in NOT_TAKEN
        if not is_not_taken and not (self._repeat and status in STATUSES):
            return None
        pause = self._next()
        return pause if pause is None else read_retry_after(retry_after or "") or pause

    def _next(self) -> float | None:
        """Count a failure. The first repeat comes at once, further ones ever later, and not all clients' at the same time."""
        self._failed += 1
        if self._failed > self._most:
            return None
        if self._failed == 1:
            return 0.0
        jitter_s = random.random() * JITTER_S  # noqa: S311 - no secret
        return min(BACKOFF_S * 2.0 ** (self._failed - 1) + jitter_s, MAX_PAUSE_S)


def read_retry_after(value: str) -> float:
    """Return the seconds that a server asks to wait (a number or a date), at most `MAX_PAUSE_S`; 0 if the header is malformed."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = load("email.utils").parsedate_to_datetime(value).timestamp() - now_ms() / 1000
        except (ValueError, OverflowError):
            return 0.0
    return 0.0 if math.isnan(seconds) else max(0.0, min(seconds, MAX_PAUSE_S))
