"""Imports: what a module may load, when, and how much `import headrace` costs (counted, never timed)."""

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

MAX_MODULES = 300
HEAVY = {"alembic", "headrace.server", "headrace.store", "numpy", "sqlalchemy", "starlette", "uvicorn"}
CATCH_ALL = {"Exception", "BaseException"}

Settle = Callable[[str, Mapping[str, int]], None]
Nodes = Callable[..., Iterator[tuple[str, ast.AST]]]


def _function_of(place: str) -> str:
    """The part of a place that names something defined in the file; empty at the top of it."""
    return place.partition("::")[2]


@pytest.mark.parametrize("module", ["headrace", "headrace.client"])
def test_import_is_cheap_and_loads_no_server_or_database(module: str) -> None:
    program = f"import json, sys; import {module}; print(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = json.loads(ran.stdout)
    assert module in loaded
    assert HEAVY.isdisjoint(loaded)
    assert len(loaded) < MAX_MODULES


def test_a_run_in_a_file_loads_no_sqlalchemy(tmp_path: Path) -> None:
    program = (
        "import sys; import headrace as hr; run = hr.start_run(); hr.log_metric('loss', 1.0); hr.log_param('a', 1); hr.end_run(); "
        "print(len(hr.MlflowClient().get_metric_history(run.info.run_id, 'loss'))); print(*sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    told, modules = ran.stdout.splitlines()[-2:]
    assert told == "1"
    assert "headrace.store.engine" in modules.split()
    assert {"alembic", "sqlalchemy", "starlette", "uvicorn"}.isdisjoint(modules.split())


def test_a_run_with_its_provenance_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    # Nobody answers there, so that no store is opened, whose background loads numpy, and with it ctypes, when it has time.
    (tmp_path / "train.py").write_text(
        "import os, sys; import headrace as hr; from headrace.fluent import provenance\n"
        "from headrace.fluent.system_metrics import gpus; gpus._may_have_nvidia = lambda devices: False\n"  # NVML needs ctypes
        "hr.set_tracking_uri('http://127.0.0.1:1'); hr.start_run(provenance=True); hr.log_metric('loss', 1.0)\n"
        "print(provenance.wait(60)); print(*sys.modules, flush=True); os._exit(0)\n"
    )
    subprocess.run(["git", "init", "-q"], check=True, cwd=tmp_path)
    ran = subprocess.run(
        [sys.executable, "train.py"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"HEADRACE_SPOOL_DIR": str(tmp_path / "spool")},
    )
    is_recorded, modules = ran.stdout.splitlines()[-2:]
    files = list((tmp_path / "spool").glob("*/*/*/files/*.json"))
    assert (is_recorded, len(files)) == ("True", 4), "environment, process, requirements and the program"
    assert "subprocess" in modules.split(), "git was asked"
    assert {"dataclasses", "ctypes", "numpy", "pprint", "urllib.request"}.isdisjoint(modules.split())


def test_base_loads_only_the_standard_library_and_msgspec(nodes: Nodes) -> None:
    names: set[str] = set()
    for _, node in nodes("src/headrace/base"):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    assert names
    foreign = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names | {"msgspec"}}
    assert {name for name in foreign if not name.startswith("headrace.base")} == set()


def test_imports_stand_at_the_top(nodes: Nodes, settle: Settle) -> None:
    late = Counter(
        place
        for place, node in nodes("src", "tools", "bench")
        if isinstance(node, ast.Import | ast.ImportFrom) and _function_of(place)
    )
    settle("late-import", late)


def test_only_plugins_import_by_name(nodes: Nodes, settle: Settle) -> None:
    dynamic = Counter(
        place.partition("::")[0]
        for place, node in nodes("src")
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__"))
    )
    del dynamic["src/headrace/base/plugins.py"]
    settle("dynamic-import", dynamic)


def test_everything_is_caught_only_where_it_is_listed_or_raised_again(nodes: Nodes, settle: Settle) -> None:
    blind: Counter[str] = Counter()
    for place, node in nodes("src"):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        is_blind = any(kind is None or ast.unparse(kind) in CATCH_ALL for kind in caught)
        is_raised_again = isinstance(node.body[-1], ast.Raise)
        if is_blind and not is_raised_again:
            blind[place] += 1
    settle("blind-except", blind)
