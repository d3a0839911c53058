"""The id of a request: what an answer that says no carries as ``X-Request-Id``, and what the log calls the request.

A proxy in front may have given one, which is kept if it is plain. Otherwise one is made when it is first asked for: a call that succeeds needs none
and pays for none. The module knows no error and no log.
"""

import re
import secrets

from starlette.types import Scope

from headrace.server.body import find_header

HEADER = b"x-request-id"
_KEY = "headrace.request_id"
_PLAIN = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:+/=-]{0,127}")
_RANDOM_BYTES = 8


def get_request_id(scope: Scope) -> str:
    """Return the id of a request, the same at each call.

    Args:
        scope: the request; a copy of it that was made before the first call may get another id.
    """
    known: str | None = scope.get(_KEY)
    if known is None:
        sent = find_header(scope, HEADER)
        # Anything else could end the header, or a line of the log, and begin another.
        known = sent.decode("ascii") if _PLAIN.fullmatch(sent) else secrets.token_hex(_RANDOM_BYTES)
        scope[_KEY] = known
    return known
