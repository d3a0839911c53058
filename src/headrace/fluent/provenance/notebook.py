"""Notebooks: whether this is one, which, and the cells that were run.

All of it comes from the IPython shell in this process and from the environment; no notebook server is asked. IPython is never loaded, only looked at
where it is loaded already.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from headrace.base.redaction import mask_code

_PATH_VARIABLES = ("__vsc_ipynb_file__", "IPYNB_FILE", "JPY_SESSION_NAME")
_VSCODE_NAME = "__vsc_ipynb_file__"


class Notebook(Struct, frozen=True):
    """A notebook.

    Args:
        path: as its front end names it; empty where that is not told.
    """

    path: str


def find_notebook() -> Notebook | None:
    """Return the notebook that this process runs, or None; a plain IPython console is none."""
    shell = _find_shell()
    if shell is None or not (type(shell).__name__ == "ZMQInteractiveShell" or hasattr(shell, "kernel")):
        return None
    named = getattr(shell, "user_ns", {}).get(_VSCODE_NAME)
    given = next((os.environ[name] for name in _PATH_VARIABLES if os.environ.get(name)), "")
    return Notebook(str(named) if named else given)


def is_interactive() -> bool:
    """Tell whether this process is an IPython console or a notebook: its code changes while it runs."""
    return _find_shell() is not None


def read_cells() -> list[str]:
    """Return the cells that were run in this process so far, in the order in which they were run, as they were typed; none outside of IPython."""
    shell = _find_shell()
    history = getattr(shell, "history_manager", None)
    cells: Sequence[Any] = getattr(history, "input_hist_raw", ())
    return [str(cell) for cell in cells[1:]]


def write_cells(cells: Sequence[str]) -> str:
    """Return cells as one Python file in which each begins with ``# %% [number]``; secrets are masked."""
    return "\n".join(f"# %% [{number}]\n{mask_code(cell).rstrip()}\n" for number, cell in enumerate(cells, 1))


def _find_shell() -> Any | None:
    module = sys.modules.get("IPython")
    ask = getattr(module, "get_ipython", None)
    return ask() if ask is not None else None
