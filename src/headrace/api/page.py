"""Page tokens: an opaque place in an ordered list, bound to the question that made it.

A token holds the sort key of the last row of a page (keyset paging), so that a page costs the same wherever it lies and
rows that come or go meanwhile are neither repeated nor skipped.
"""

import base64
import binascii
import hashlib
from typing import Any

import msgspec

from headrace.base.errors import InvalidParameter
from headrace.base.json import Int64

_PREFIX = "hr1."
_Token = tuple[str, list[Int64 | float | str]]


def question_digest(*parts: object) -> str:
    """Return a short digest of what a search asks for; a token is only good for the same question."""
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=6).hexdigest()


def encode_token(question: str, place: list[Any]) -> str:
    """Return the token for the rows after `place`, a list of JSON values."""
    return _PREFIX + base64.urlsafe_b64encode(msgspec.json.encode([question, place])).decode().rstrip("=")


def decode_token(token: str, question: str) -> list[Any] | None:
    """Return the place that a token names, or None for an empty token (the first page).

    The place is what a client sent: values that a database takes, but perhaps not those of any row, nor as many as its order has keys.

    Raises:
        InvalidParameter: the token is damaged, or belongs to another question.
    """
    if not token:
        return None
    try:
        if not token.startswith(_PREFIX):
            raise ValueError  # noqa: TRY301 - all damage has one answer
        text = token.removeprefix(_PREFIX)
        decoded: tuple[str, list[Any]] = msgspec.json.decode(
            base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Token
        )
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        shown = token if len(token) <= 80 else token[:80] + "…"  # noqa: PLR2004 - length of an excerpt
        raise InvalidParameter(
            f"Invalid page_token {shown!r}: send back the next_page_token of the page before, unchanged."
        ) from None
    asked, place = decoded
    if asked != question:
        raise InvalidParameter(
            "The page_token belongs to another search: filter, order_by, view type and ids must stay the same from page to page."
        )
    return place
