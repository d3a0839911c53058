"""The Python API has MLflow's names and parameters, held against the MLflow that is installed beside it.

What is not there stands in tools/compatibility_names.py, with its reason; a name that stands there and is there after all fails too. ``pytest -s`` shows how much is there.
"""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from test_clients import find_python, make_environment

pytestmark = pytest.mark.peer

ROOT = Path(__file__).parents[3]
SURVEY = Path(__file__).with_name("survey.py")
PEER = "mlflow-3.17"
#: A class whose members make a place of their own in the list of what is absent.
CLIENT = "MlflowClient"

Names = dict[str, Any]


def _survey(python: str | Path, package: str, home: Path) -> dict[str, Names]:
    ran = subprocess.run(
        [python, SURVEY, package], env=make_environment(home), check=False, capture_output=True, timeout=240
    )
    assert ran.returncode == 0, ran.stderr.decode("utf-8", "replace")[-4000:]
    found: dict[str, Names] = json.loads(ran.stdout)
    return found


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Names]:
    return _survey(find_python(PEER), "mlflow", tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Names]:
    return _survey(sys.executable, "headrace", tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def table(monkeymodule: pytest.MonkeyPatch) -> Any:
    monkeymodule.syspath_prepend(str(ROOT / "tools"))
    return import_module("compatibility_names")


@pytest.fixture(scope="module")
def monkeymodule() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def _list_places(found: dict[str, Names]) -> dict[str, Names]:
    """What there is by place: modules, and classes in them, whose names are their members."""
    places = dict(found)
    for module, names in found.items():
        for name, entry in names.items():
            if "members" in entry:
                places[CLIENT if name == CLIENT else f"{module}.{name}"] = entry["members"]
    return places


def _differ(theirs: Names, ours: Names) -> str:
    """How a name differs, empty if it does not: ours may have more parameters, which are given by name and have defaults."""
    if theirs["kind"] != ours["kind"]:
        return f"is a {ours['kind']}, not a {theirs['kind']}"
    if theirs["kind"] == "value" and theirs["value"] != ours["value"] and "proxy" not in ours["value"]:
        return f"is {ours['value']}, not {theirs['value']}"
    wanted, given = theirs.get("parameters") or [], ours.get("parameters") or []
    more = given[len(wanted) :]
    if given[: len(wanted)] != wanted or any(
        kind != "KEYWORD_ONLY" or not default for _, kind, default in more
    ):
        return f"takes {given}, not {wanted}"
    return ""


def test_every_name_is_there_or_is_listed_as_absent(
    theirs: dict[str, Names], ours: dict[str, Names], table: Any
) -> None:
    wanted, given = _list_places(theirs), _list_places(ours)
    listed: dict[str, set[str]] = {}
    for absent in table.ABSENT:
        for place, names in absent.names.items():
            assert not listed.setdefault(place, set()) & set(names), f"twice in the list: {place} {names}"
            listed[place] |= set(names)
    missing = {
        place: sorted(set(names) - set(given[place])) for place, names in wanted.items() if place in given
    }
    assert {place: names for place, names in missing.items() if names} == {
        place: sorted(names) for place, names in listed.items()
    }
    assert set(theirs) <= set(given)
    for place, names in missing.items():
        there = len(wanted[place]) - len(names)
        print(f"{place or 'mlflow'}: {there} of {len(wanted[place])} names")


def test_parameters_are_those_of_mlflow(theirs: dict[str, Names], ours: dict[str, Names], table: Any) -> None:
    wanted, given = _list_places(theirs), _list_places(ours)
    found = {
        (place, name): how
        for place, names in wanted.items()
        for name in names
        if name in given.get(place, {}) and (how := _differ(names[name], given[place][name]))
    }
    checked = sum(len(set(names) & set(given.get(place, {}))) for place, names in wanted.items())
    assert checked > 400
    listed = {(each.place, each.name) for each in table.DIFFERENT}
    assert set(found) == listed, "\n".join(f"{place} {name} {how}" for (place, name), how in found.items())


def test_what_is_not_there_says_where_the_list_is() -> None:
    headrace = import_module("headrace")
    with pytest.raises(AttributeError, match=r"no attribute 'register_model'; docs/compatibility\.md"):
        _ = headrace.register_model


def test_modules_of_mlflow_can_be_imported_by_their_names() -> None:
    for module in (
        "artifacts",
        "client",
        "config",
        "data",
        "entities",
        "exceptions",
        "system_metrics",
        "tracking",
    ):
        assert import_module(f"headrace.{module}").__all__
    from headrace.entities import Metric, RunTag, ViewType
    from headrace.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException
    from headrace.tracking import MlflowClient
    from headrace.tracking.client import MlflowClient as SameClient

    assert SameClient is MlflowClient
    assert (ViewType.ALL, RESOURCE_DOES_NOT_EXIST) == (3, 3002)
    assert issubclass(MlflowException, Exception)
    assert (Metric("m", 1.0, 2, 3).step, RunTag("a", "b").value) == (3, "b")
