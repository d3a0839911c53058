"""Collecting the parts of a run's provenance, one after the other, and giving them to the run. Runs in a thread; one part that fails does not stop the others."""

import platform
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from headrace.api.ingest import EnvironmentRecord
from headrace.fluent.provenance.git import (
    Changes,
    Standing,
    WorkTree,
    find_root,
    find_work_tree,
    look_at,
    read_with_changes,
)
from headrace.fluent.provenance.host import describe_platform, read_host, read_variables
from headrace.fluent.provenance.known_packages import KnownPackages
from headrace.fluent.provenance.names import (
    BRANCH_TAG,
    CELLS_FILE,
    COMMIT_TAG,
    DIFF_FILE,
    DIRTY_TAG,
    ENVIRONMENT_FILE,
    GPUS_TAG,
    HOST_TAG,
    PROCESS_FILE,
    REMOTE_TAG,
    REQUIREMENTS_FILE,
    SEED_TAG,
    SOURCE_FOLDER,
)
from headrace.fluent.provenance.notebook import is_interactive, read_cells, write_cells
from headrace.fluent.provenance.packages import read_conda, read_packages
from headrace.fluent.provenance.parts import Part
from headrace.fluent.provenance.program import Program, SourceFile, read_source
from headrace.fluent.provenance.recorder import LOGGER, Task
from headrace.fluent.provenance.requirements import write_requirements
from headrace.fluent.provenance.seeds import RandomState, find_seeds, write_states

FORMAT = 1
"""Of the JSON files."""


def collect(task: Task) -> None:
    """Record what a task asks for.

    Args:
        task: the task.
    """
    Collection(task).collect()


class Collection:
    """What was found out for one run.

    Args:
        task: what is to be recorded.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._told: dict[str, Any] = {"format": FORMAT, "recorded_at": task.started_at}
        self._standing: Standing | None = None

    def collect(self) -> None:
        """Record part by part; one that fails is noted, and the others go on."""
        questions: list[tuple[set[Part], Callable[[], None]]] = [
            ({Part.GIT, Part.DIFF}, self._record_git),
            ({Part.ENTRY}, self._record_entry),
            ({Part.SEEDS}, self._record_seeds),
            ({Part.PACKAGES}, self._record_packages),
            ({Part.HOST}, self._record_host),
            ({Part.VARIABLES}, self._record_variables),
            ({Part.NOTEBOOK}, self._record_cells),
        ]
        for parts, question in questions:
            if parts & self._task.parts:
                self._attempt(", ".join(sorted(parts & self._task.parts)), question)
        self._attempt(PROCESS_FILE, self._record_process)

    def _attempt(self, what: str, question: Callable[[], None]) -> None:
        """Let one part be recorded. Whatever goes wrong there must not reach the training."""
        try:
            question()
        except Exception as error:  # noqa: BLE001 - the outermost frame of what must never disturb a training
            self._told.setdefault("problems", {})[what] = f"{type(error).__name__}: {error}"
            LOGGER.warning(
                "The provenance of run %s lacks a part (%s): %s", self._task.log.run_id, what, error
            )

    def _store(self, name: str, data: bytes) -> None:
        self._task.log.add_bytes(data, f"{self._task.folder}/{name}")

    def _set_tags(self, tags: dict[str, str]) -> None:
        given = [(key, value) for key, value in tags.items() if value]
        if self._task.is_first and given:
            self._task.log.set_tags(given)

    def _record_git(self) -> None:
        tree, changes = _ask_git(
            self._task.program, self._task.max_diff_bytes if Part.DIFF in self._task.parts else None
        )
        if tree is None:
            return
        told: dict[str, Any] = {
            "root": tree.root,
            "commit": tree.commit,
            "branch": tree.branch,
            "remote": tree.remote,
        }
        tags = {COMMIT_TAG: tree.commit, BRANCH_TAG: tree.branch, REMOTE_TAG: tree.remote}
        if changes is not None:
            self._standing = Standing(tree, bool(tree.commit) and changes.changed == 0)
            if changes.changed is not None and tree.commit:
                tags[DIRTY_TAG] = "true" if changes.is_dirty else "false"
            told |= {
                "changed": changes.changed,
                "left_out": changes.left_out,
                "untracked": changes.untracked,
                "untracked_count": changes.untracked_count,
            }
            if changes.diff:
                self._store(DIFF_FILE, changes.diff)
        if Part.GIT in self._task.parts:
            self._set_tags(tags)
        self._told["git"] = told

    def _record_entry(self) -> None:
        program = self._task.program
        source, is_known = _read_source_once(program.file, program.code_folder)
        self._told["entry"] = {
            "kind": program.kind,
            "file": program.file,
            "module": program.module,
            "argv": program.argv,
            "command": program.command,
            "folder": program.folder,
            "pid": program.pid,
            "sha256": source.sha256 if source else "",
        }
        if source is not None and source.text and not is_known and program.kind != "notebook":
            self._store(f"{SOURCE_FOLDER}/{source.name}", source.text.encode())

    def _record_seeds(self) -> None:
        states = self._task.states
        seeds = _find_seeds_once(tuple(states), tuple(self._task.program.argv))
        self._set_tags({SEED_TAG + library: str(seed) for library, seed in seeds.items()})
        self._told["random"] = {"seeds": seeds, "states": write_states(states)}

    def _record_packages(self) -> None:
        environment = _read_environment_once(_stamp_path(), self._standing)
        self._store(REQUIREMENTS_FILE, environment.requirements)
        self._store(ENVIRONMENT_FILE, environment.description)
        if self._task.has_environment:
            self._task.log.log_environment(environment.record)

    def _record_host(self) -> None:
        told = _read_host_once()
        names = [gpu.get("name", "GPU") for gpu in told.get("gpus", [])]
        counted = ", ".join(f"{names.count(name)} x {name}" for name in dict.fromkeys(names))
        self._set_tags({HOST_TAG: told.get("name", ""), GPUS_TAG: counted})
        self._told["host"] = told

    def _record_cells(self) -> None:
        cells = read_cells()
        if cells:
            self._store(CELLS_FILE, write_cells(cells).encode())

    def _record_variables(self) -> None:
        self._told["variables"] = read_variables()

    def _record_process(self) -> None:
        self._store(PROCESS_FILE, msgspec.json.format(msgspec.json.encode(self._told), indent=1))


def _ask_git(program: Program, max_diff_bytes: int | None) -> tuple[WorkTree | None, Changes | None]:
    """Return the code's place in git, and what is not committed unless that is not asked for.

    A script was read when it was started: what the work tree says first is what holds for all of its runs. The code of a notebook or console changes.
    """
    if is_interactive():
        return _read_git(program.code_folder, program.file, max_diff_bytes, find_work_tree)
    return _read_git_once(program.code_folder, program.file, max_diff_bytes)


def _read_git(
    folder: Path, file: str, max_diff_bytes: int | None, find_tree: Callable[[Path, str], WorkTree | None]
) -> tuple[WorkTree | None, Changes | None]:
    if max_diff_bytes is None:
        return find_tree(folder, file), None
    return read_with_changes(folder, max_diff_bytes, lambda: find_tree(folder, file))


@lru_cache(maxsize=4)
def _read_git_once(
    folder: Path, file: str, max_diff_bytes: int | None
) -> tuple[WorkTree | None, Changes | None]:
    return _read_git(folder, file, max_diff_bytes, _find_tree_once)


@lru_cache(maxsize=4)
def _find_tree_once(folder: Path, file: str) -> WorkTree | None:
    return find_work_tree(folder, file)


def _stamp_path() -> tuple[tuple[str, int], ...]:
    """Return the folders of packages, and when each of those that packages are installed in was last changed."""
    return tuple((entry, _read_change(Path(entry))) for entry in sys.path)


def _read_change(folder: Path) -> int:
    """Return when a folder was changed; of one that is not for packages it means nothing, for it may hold the program and its results."""
    try:
        return folder.stat().st_mtime_ns if folder.name in {"site-packages", "dist-packages"} else 0
    except OSError:
        return 0


class _Environment(Struct, frozen=True):
    """An environment, as it is recorded."""

    requirements: bytes
    description: bytes
    record: EnvironmentRecord


@lru_cache(maxsize=1)
def _read_environment_once(stamps: tuple[tuple[str, int], ...], standing: Standing | None) -> _Environment:
    def look(folder: Path) -> Standing | None:
        """Packages under development lie where the program does, mostly, of which git has told already."""
        is_same = standing is not None and find_root(folder) == Path(standing.tree.root)
        return standing if is_same else look_at(folder)

    known = KnownPackages.of_this_interpreter()
    packages = read_packages([entry for entry, _ in stamps], known.find, look)
    known.keep()
    python, system = platform.python_version(), describe_platform()
    told = {
        "format": FORMAT,
        "python": {
            "version": python,
            "implementation": platform.python_implementation(),
            "build": sys.version,
            "executable": sys.executable,
            "prefix": sys.prefix,
            "platform": system,
        },
        "packages": packages,
        "conda": read_conda(),
    }
    versions = {package.name: package.version for package in packages}
    return _Environment(
        requirements=write_requirements(packages, python).encode(),
        description=msgspec.json.format(msgspec.json.encode(told), indent=1),
        record=EnvironmentRecord(python=python, platform=system, packages=versions),
    )


@lru_cache(maxsize=4)
def _read_source_once(file: str, folder: Path) -> tuple[SourceFile | None, bool]:
    """Return the program file, and whether git knows it."""
    source = read_source(file)
    tree = _find_tree_once(folder, file) if source is not None else None
    return source, tree is not None and bool(tree.commit) and tree.has_file


@lru_cache(maxsize=4)
def _find_seeds_once(states: tuple[RandomState, ...], arguments: tuple[str, ...]) -> dict[str, int]:
    return find_seeds(states, arguments)


_read_host_once = lru_cache(maxsize=1)(read_host)
