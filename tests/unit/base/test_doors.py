"""Doors: names are loaded when they are first used, once, and what is not there says so."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAVY = {
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "sqlalchemy",
    "urllib3",
    "headrace.services",
    "headrace.server",
}


def _run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout


def test_importing_doors_loads_nothing_heavy() -> None:
    doors = "artifacts, config, data, entities, exceptions, system_metrics, tracking"
    loaded = set(_run(f"import sys\nfrom headrace import {doors}\nprint(*sys.modules)").split())
    assert loaded.isdisjoint({*HEAVY, "headrace.fluent", "headrace.client"})


def test_a_name_is_loaded_when_it_is_used_and_then_kept() -> None:
    import headrace.exceptions as door
    from headrace.base.mlflow_exception import MlflowException

    vars(door).pop("MlflowException", None)
    assert door.MlflowException is MlflowException
    assert vars(door)["MlflowException"] is MlflowException
    assert {"MlflowException", "__all__"} <= set(dir(door))
    assert set(door.__all__) <= set(dir(door))


def test_a_module_may_be_one_of_the_names() -> None:
    assert _run(
        "import headrace as mlflow; print(mlflow.entities.ViewType.ALL, mlflow.errors.NotFound.code)"
    ).split() == [
        "3",
        "RESOURCE_DOES_NOT_EXIST",
    ]


def test_what_is_not_there_is_an_attribute_error() -> None:
    import headrace.tracking as door

    with pytest.raises(AttributeError, match=r"module 'headrace\.tracking' has no attribute 'nothing'"):
        _ = door.nothing
    with pytest.raises(ImportError, match="nothing"):
        from headrace.tracking import nothing  # noqa: F401 - it does not exist


def test_all_names_of_all_doors_are_where_the_table_says() -> None:
    ran = subprocess.run(
        [sys.executable, ROOT / "tools" / "doors.py", "--check"], check=False, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr


def test_a_table_that_is_wrong_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import doors

    monkeypatch.setitem(doors.PUBLIC, "start_nothing", "headrace.fluent.nothing:start_nothing")
    monkeypatch.setitem(doors.PUBLIC, "start_less", "headrace.base.errors:start_less")
    assert doors.main(["--check"]) == 1
    told = capsys.readouterr().err
    assert "src/headrace/__init__.py is not what" in told
    assert "nothing at headrace.fluent.nothing:start_nothing" in told
    assert "nothing at headrace.base.errors:start_less" in told
    assert doors.main(["--other"]) == 2
