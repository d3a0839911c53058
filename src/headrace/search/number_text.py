"""Which texts spell a number: the rule by which a param is compared with a number.

Kept so plain that every database can follow it. The module does not know filters.
"""

import re

# One pass, no two parts can match the same character: no text makes it backtrack.
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INFINITE = {"inf", "infinity"}


def find_number(text: str) -> float | None:
    """Return the number that a param's text spells, or None if it spells none.

    Numbers are decimal numbers as Python, JSON and C print them (``3``, ``-0.5``, ``.5``, ``1e-05``) and the infinities
    (``inf``, ``-Infinity``, any case). Not numbers: ``nan`` (it compares with nothing), ``True``, ``0x1f``, ``1_000``,
    ``50%``, a number with blanks around it.
    """
    if _DECIMAL.fullmatch(text):
        return float(text)
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    if unsigned.lower() in _INFINITE:
        return float("-inf") if text[0] == "-" else float("inf")
    return None
