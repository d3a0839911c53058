"""Tickets: leave to read the artifacts of one run for a while, on paths that a browser follows without a token. Signed, so that nobody else can make one."""

import base64
import binascii
import hmac
from typing import NamedTuple

import msgspec

from headrace.base.errors import PermissionDenied

LENGTH_MS = 3_600_000
_SIGNATURE_BYTES = 32


class Ticket(NamedTuple):
    """What a ticket gives leave for.

    Args:
        run_id: whose artifacts.
        actor: who may read them, and gave the leave on.
        expires_at: until when, in Unix milliseconds.
    """

    run_id: str
    actor: str
    expires_at: int


def write_ticket(key: bytes, ticket: Ticket) -> str:
    """Return a ticket as a segment of a path.

    Args:
        key: what it is signed with.
        ticket: what it says.
    """
    body = msgspec.json.encode(ticket)
    return base64.urlsafe_b64encode(hmac.digest(key, body, "sha256") + body).rstrip(b"=").decode()


def read_ticket(key: bytes, text: str, now: int) -> Ticket:
    """Return what a ticket says.

    Args:
        key: what it must be signed with.
        text: from `write_ticket`.
        now: Unix milliseconds.

    Raises:
        PermissionDenied: it was not written with this key, or has expired.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    signature, body = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, hmac.digest(key, body, "sha256")):
        raise PermissionDenied(
            "This preview's address is not one that this server has given; open the file's page again."
        )
    ticket = msgspec.json.decode(body, type=Ticket)
    if ticket.expires_at < now:
        raise PermissionDenied("This preview's address has expired; load the file's page again.")
    return ticket
