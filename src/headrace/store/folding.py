"""Lower case, as ILIKE means it: one definition for all databases, whatever Unicode their own functions know.

Each code point is taken by itself and gives one code point: no final sigma, no dotted i of two characters, no language. The letters are those of
Unicode 14, which all supported versions of Python know; a later one's are left as they are, so that servers of different versions agree. The
module knows no SQL.
"""

from functools import cache

# Letters with case that Unicode 16 and 17 have added.
_LATER = frozenset(
    [
        0x1C89, 0xA7CB, 0xA7CC, 0xA7CE, 0xA7D2, 0xA7D4, 0xA7DA, 0xA7DC,
        *range(0x10D50, 0x10D66), *range(0x16EA0, 0x16EB9),
    ]
)  # fmt: skip
_DOTTED_I = 0x130
_END = 0x1F000
"""No letter beyond has case."""


@cache
def lower_case() -> dict[int, int]:
    """Return what each code point becomes that does not stay what it is."""
    found = {_DOTTED_I: ord("i")}
    for number in range(_END):
        lower = chr(number).lower()
        if len(lower) == 1 and ord(lower) != number and number not in _LATER:
            found[number] = ord(lower)
    return found


@cache
def upper_cases() -> dict[str, str]:
    """Return by character all that become it, itself excepted."""
    found: dict[str, str] = {}
    for number, lower in lower_case().items():
        found[chr(lower)] = found.get(chr(lower), "") + chr(number)
    return found


def fold(text: str) -> str:
    """Return a text in lower case."""
    return text.lower() if text.isascii() else text.translate(lower_case())


def find_letters(folded: str) -> list[tuple[str, str]]:
    """Return all that becomes a character of a folded text, with what it becomes: in other texts, nothing else matters to a comparison with this one."""
    letters = upper_cases()
    return [(upper, char) for char in dict.fromkeys(folded) for upper in letters.get(char, "")]
