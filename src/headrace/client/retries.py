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

import urllib3
from urllib3.exceptions import InvalidHeader

from headrace.api import experiments, logged_models, runs
from headrace.api.endpoint import Endpoint, Req, Res

ONCE = frozenset(row.name for row in (experiments.CREATE, runs.CREATE, runs.LOG_MODEL, logged_models.CREATE))
STATUSES = frozenset({408, 429, 500, 502, 503, 504})
BACKOFF_S = 0.5
JITTER_S = 0.5
MAX_PAUSE_S = 30


class PatientRetry(urllib3.Retry):
    """urllib3's retries, with pauses that neither a server nor a defect can make longer than `MAX_PAUSE_S`."""

    def parse_retry_after(self, retry_after: str) -> float:
        """Return the seconds that a server asks to wait, at most `MAX_PAUSE_S`; 0 if the header is malformed."""
        try:
            seconds = super().parse_retry_after(retry_after)
        except (InvalidHeader, OverflowError, ValueError):
            return 0
        return min(seconds, MAX_PAUSE_S) if math.isfinite(seconds) else MAX_PAUSE_S


def may_repeat(endpoint: Endpoint[Req, Res]) -> bool:
    """Tell whether doing a call twice is the same as doing it once."""
    return endpoint.name not in ONCE


def build_retry(count: int, *, repeat: bool) -> urllib3.Retry:
    """Return urllib3's description of when to send again.

    Args:
        count: how often.
        repeat: whether the call may be done twice.
    """
    return PatientRetry(
        total=count,
        read=None if repeat else False,
        other=0,
        redirect=0,
        allowed_methods=None,
        # Without a list, urllib3 still heeds Retry-After under 413, 429 and 503.
        status_forcelist=STATUSES if repeat else (),
        backoff_factor=BACKOFF_S,
        backoff_jitter=JITTER_S,
        backoff_max=MAX_PAUSE_S,
        raise_on_status=False,
        respect_retry_after_header=True,
    )
