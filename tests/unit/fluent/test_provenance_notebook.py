"""Notebooks and consoles: real IPython shells, in processes of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

SHELL = """
import os, sys
from IPython.core.interactiveshell import InteractiveShell
class ZMQInteractiveShell(InteractiveShell):  # what ipykernel calls its own
    pass
kind = ZMQInteractiveShell if sys.argv[1] == "notebook" else InteractiveShell
shell = kind.instance()
shell.history_manager.enabled = False
for cell in sys.stdin.read().split("----\\n"):
    result = shell.run_cell(cell, store_history=True)
    result.raise_error()
"""


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    path = tmp_path / "shell.py"
    path.write_text(SHELL)
    return path


def run(shell: Path, kind: str, cells: list[str], **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, str(shell), kind],
        input="----\n".join(cells),
        capture_output=True,
        text=True,
        check=True,
        cwd=shell.parent,
        env={"PATH": "", "IPYTHONDIR": str(shell.parent / "ipython"), "HOME": str(shell.parent)} | environ,
    )
    return done.stdout


def test_the_cells_are_told_in_the_order_in_which_they_were_run(shell: Path) -> None:
    cells = [
        "x = 1\n",
        "%time y = x + 1\n",
        "password = 'hunter2-hunter2'\n",
        "from headrace.fluent.provenance.notebook import read_cells, write_cells\nprint(write_cells(read_cells()))\n",
    ]
    told = run(shell, "notebook", cells)
    assert told.endswith(
        "# %% [1]\nx = 1\n\n# %% [2]\n%time y = x + 1\n\n# %% [3]\npassword = '***'\n\n"
        "# %% [4]\nfrom headrace.fluent.provenance.notebook import read_cells, write_cells\nprint(write_cells(read_cells()))\n\n"
    )


TELL = "from headrace.fluent.provenance.context import context_tags as c; t = c(); print(t['mlflow.source.type'], t['mlflow.source.name'])\n"


def test_a_notebook_is_told_by_its_name(shell: Path) -> None:
    told = run(shell, "notebook", [TELL], JPY_SESSION_NAME="/srv/me/deep/Try it.ipynb")
    assert told == "NOTEBOOK Try it.ipynb\n"


def test_an_editor_tells_its_notebook_in_the_shell(shell: Path) -> None:
    told = run(shell, "notebook", ["__vsc_ipynb_file__ = '/srv/me/a.ipynb'\n", TELL])
    assert told == "NOTEBOOK a.ipynb\n"


def test_a_console_is_no_notebook(shell: Path) -> None:
    assert run(shell, "console", [TELL]) == f"LOCAL {shell}\n"


def test_where_no_shell_runs_there_are_no_cells_and_ipython_is_not_loaded() -> None:
    code = "import sys; from headrace.fluent.provenance import notebook as n; print(n.find_notebook(), n.is_interactive(), n.read_cells(), 'IPython' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "None False [] False\n"
