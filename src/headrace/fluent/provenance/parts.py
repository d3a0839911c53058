"""Which parts of a run's provenance are recorded, and the settings that say so. The module does not know how a part is found out."""

from collections.abc import Iterable
from enum import StrEnum

from headrace.base.errors import InvalidParameter
from headrace.base.settings import Setting

SETTINGS: dict[str, Setting] = {
    "provenance": Setting(
        ("HEADRACE_PROVENANCE",), "what is recorded of a run's origin: true, false, or a list of parts"
    ),
    "provenance_env": Setting(
        ("HEADRACE_PROVENANCE_ENV",),
        "further environment variables that are recorded, as a list of names; * stands for any characters",
    ),
    "provenance_diff_bytes": Setting(
        ("HEADRACE_PROVENANCE_DIFF_BYTES",), "the most bytes of uncommitted changes that are recorded"
    ),
    "cache_dir": Setting(
        ("HEADRACE_CACHE_DIR",), "the folder for what can be found out again, such as the hashes of packages"
    ),
}

DIFF_BYTES = 5_000_000
"""The most bytes of a diff that are recorded unless the environment says otherwise."""

Choice = bool | str | Iterable[str] | None
"""What a user may give as a switch: yes or no, a list of parts (as text, too), or nothing, which leaves it to the environment."""

_ALL = frozenset({"1", "true", "yes", "on", "all"})
_NONE = frozenset({"0", "false", "no", "off", "none"})


class Part(StrEnum):
    """What can be recorded, each under its own name.

    - git: commit, branch and remote of the code.
    - diff: what of the code is not committed.
    - entry: the program that was started and its arguments.
    - packages: interpreter and packages, with hashes.
    - host: machine, processors, memory, GPUs, container, user.
    - variables: environment variables that are on the list.
    - notebook: the cells that were run.
    - seeds: seeds and states of random generators.
    """

    GIT = "git"
    DIFF = "diff"
    ENTRY = "entry"
    PACKAGES = "packages"
    HOST = "host"
    VARIABLES = "variables"
    NOTEBOOK = "notebook"
    SEEDS = "seeds"


def read_parts(choice: Choice = None) -> frozenset[Part]:
    """Return the parts that are to be recorded: all of them, unless the user says otherwise.

    Args:
        choice: what the user gave to the call; with None the environment decides.

    Raises:
        InvalidParameter: a part has a name that is not known.
    """
    if choice is None:
        choice = SETTINGS["provenance"].find()
    if choice is None or choice is True:
        return frozenset(Part)
    if choice is False:
        return frozenset()
    if isinstance(choice, str):
        word = choice.strip().lower()
        if word in _ALL | _NONE:
            return frozenset(Part) if word in _ALL else frozenset()
        choice = word.split(",")
    return frozenset(_read_part(name) for name in choice if name.strip())


def read_diff_bytes() -> int:
    """Return the most bytes of uncommitted changes that are recorded.

    Raises:
        InvalidParameter: the setting is no number.
    """
    text = SETTINGS["provenance_diff_bytes"].find()
    if text is None:
        return DIFF_BYTES
    if not (text.isascii() and text.isdigit()):
        raise InvalidParameter(f"HEADRACE_PROVENANCE_DIFF_BYTES is {text!r}; set it to a number of bytes.")
    return int(text)


def _read_part(name: str) -> Part:
    try:
        return Part(name.strip().lower())
    except ValueError:
        raise InvalidParameter(
            f"{name.strip()!r} is no part of a run's provenance. Give true, false, or some of: {', '.join(Part)}."
        ) from None
