"""The locks hold what their inputs ask for, every file of it hashed, one version of each package for development."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
# Which inputs a lock is made from, besides the .in file of its own name.
MORE_INPUTS = {"dev": ["demo", "tool"]}

Lock = dict[str, list[tuple[Version, int]]]


def _read_input(name: str) -> list[Requirement]:
    lines = (
        line.partition("#")[0].strip()
        for line in (REQUIREMENTS / f"{name}.in").read_text("utf-8").splitlines()
    )
    return [Requirement(line) for line in lines if line]


def _read_project() -> list[Requirement]:
    project = tomllib.loads((REQUIREMENTS.parent / "pyproject.toml").read_text("utf-8"))["project"]
    return [Requirement(line) for line in project["dependencies"]]


def _read_lock(name: str) -> Lock:
    """Locked versions by package, each with its number of hashes; several versions are for several Pythons."""
    lock: Lock = {}
    text = (REQUIREMENTS / f"{name}.txt").read_text("utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.lstrip().startswith("#"):
            pinned = re.match(r"([\w.-]+)==([^\s;]+)", line)
            assert pinned, f"{name}.txt pins no version: {line[:100]}"
            lock.setdefault(canonicalize_name(pinned[1]), []).append(
                (Version(pinned[2]), line.count("--hash=sha256:"))
            )
    return lock


def _find_missing(wanted: list[Requirement], lock: Lock) -> list[str]:
    """What is wanted and not locked in a version that will do."""
    return [
        str(requirement)
        for requirement in wanted
        if not any(
            requirement.specifier.contains(version, prereleases=True)
            for version, _ in lock.get(canonicalize_name(requirement.name), [])
        )
    ]


LOCKS = sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))
STANDALONE = sorted(path.stem for path in REQUIREMENTS.glob("*.in") if path.stem != "demo")


def test_every_input_has_a_lock_and_every_lock_an_input() -> None:
    assert set(LOCKS) == {*STANDALONE, "run"}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_is_hashed(name: str) -> None:
    lock = _read_lock(name)
    assert lock
    assert [package for package, pins in lock.items() if any(hashes == 0 for _, hashes in pins)] == []


@pytest.mark.parametrize("name", STANDALONE)
def test_a_lock_holds_what_its_inputs_ask_for(name: str) -> None:
    wanted = [
        requirement for source in [name, *MORE_INPUTS.get(name, [])] for requirement in _read_input(source)
    ]
    assert wanted
    assert _find_missing(wanted, _read_lock(name)) == []


@pytest.mark.parametrize("name", ["dev", "run"])
def test_the_locks_hold_what_the_project_depends_on(name: str) -> None:
    assert _find_missing(_read_project(), _read_lock(name)) == []


@pytest.mark.parametrize("name", ["run", "tool"])
def test_development_uses_the_versions_that_users_are_told(name: str) -> None:
    dev = _read_lock("dev")
    part = _read_lock(name)
    assert {package: [version for version, _ in pins] for package, pins in part.items()} == {
        package: [version for version, _ in dev.get(package, [])] for package in part
    }


def test_a_requirement_that_the_lock_lacks_is_found() -> None:
    lock = {"starlette": [(Version("1.0"), 2)]}
    wanted = [Requirement("starlette>=2"), Requirement("uvicorn"), Requirement("starlette<2")]
    assert _find_missing(wanted, lock) == ["starlette>=2", "uvicorn"]
