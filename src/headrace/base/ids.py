"""Identifiers: how they are made and what they may look like. Knows no nouns' rules beyond their ids."""

import re
import uuid

from headrace.base.errors import InvalidParameter

RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}", re.ASCII)


def new_run_id() -> str:
    """Return 32 lower-case hexadecimal digits."""
    return uuid.uuid4().hex


def new_model_id() -> str:
    """Return the id of a logged model: ``m-`` and 32 hexadecimal digits."""
    return "m-" + uuid.uuid4().hex


def parse_experiment_id(text: str) -> int:
    """Return the number in an experiment id.

    Raises:
        InvalidParameter: the id is no decimal number of at most 18 digits.
    """
    if text.isascii() and text.isdigit() and len(text) <= 18:  # noqa: PLR2004 - fits 64 bits with room
        return int(text)
    shown = text if len(text) <= 64 else text[:64] + "…"  # noqa: PLR2004 - length of an excerpt
    raise InvalidParameter(
        f"Invalid experiment id {shown!r}: it must be a decimal number such as '0'. "
        "To look an experiment up by its name use experiments/get-by-name."
    )
