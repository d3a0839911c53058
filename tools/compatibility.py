"""Writes docs/compatibility.md from the table of endpoints and the list of differences; with ``--check`` it only tells whether it is stale.

The differences are those that the golden tests prove (``tests/contract/differences.py``), in the words of ``compatibility_rows``. A difference
without words, or words for one that is gone, are errors.
"""

import re
import sys
from collections.abc import Iterator
from importlib import import_module

from compatibility_names import ABSENT, BEHAVIOUR, DIFFERENT, NOT_COMPARED
from compatibility_rows import THEMES, Row
from door_rows import DOORS, PUBLIC
from generated import ROOT, write_or_check
from headrace.api.endpoints import ENDPOINTS

FILE = ROOT / "docs" / "compatibility.md"

_HEAD = """\
<!-- Written by tools/compatibility.py: change the table of endpoints, the differences of the golden tests, or that tool. -->

# Compatibility with MLflow

A script that uses an MLflow client works with a headrace server unchanged: set its tracking URI to the server's address.

Each call below is held against recorded answers of a real MLflow {server} server (`tests/contract/golden`): status, fields, types, order,
headers. What differs on purpose stands on this page; anything else that differs is a defect, please report it.

The official clients run against every version of headrace: {clients}.

## What is served

All calls are below `/api` and, with the same meaning, below `/ajax-api`. [openapi.json](reference/openapi.json) has their fields.
"""

_NOT_SERVED = """\
headrace's own API stands beside these calls, under `/api/headrace/v1`: see [api.md](api.md).

Besides: `/health`, `/version`, `/api/openapi.json`, and `/metrics` with `--expose-prometheus`.

## What is not served yet

MLflow's other calls answer 404 with `ENDPOINT_NOT_FOUND`, which its clients show as such: the model registry, traces, evaluation datasets and
scorers, prompts, webhooks, the gateway, users and permissions, workspaces. There is no web interface yet.

## What differs, and why
"""

_PYTHON = """\
## The Python API

`import headrace as mlflow`, and `from headrace.x import y` where a script says `from mlflow.x import y`: names, parameters and defaults are those of MLflow {version}, held against
the installed package by `tests/contract/names`; headrace's own parameters stand behind them and are given by name. `tests/contract/scripts` plays training scripts on both and
compares all that they see and leave behind.

There are these modules: {modules}. `headrace` itself has {count} names.

{not_compared}

### What is not there, and why

| | what | why |
|---|---|---|
"""

_TITLES = {
    "experiments": "Experiments",
    "runs": "Runs",
    "metrics": "Metrics",
    "inputs": "Inputs and outputs of runs",
    "logged_models": "Logged models",
    "artifacts": "Artifacts",
    "server": "Server",
}


class Reasons:
    """Why each listed difference is one, from the golden tests."""

    def __init__(self) -> None:
        path = str(ROOT / "tests" / "contract")  # the golden tests are no package
        if path not in sys.path:
            sys.path.insert(0, path)
        differences = import_module("differences")
        follows: str = import_module("wire.golden").FOLLOWS
        self._by_place = {
            **{
                place: each.reason
                for place, each in differences.DIFFERENCES.items()
                if each.reason != follows
            },
            **{(scenario, ""): reason for scenario, (_, reason) in differences.EVERYWHERE.items()},
        }

    def list_all(self) -> set[str]:
        """Return every reason, without those that only say that a step follows from others."""
        return set(self._by_place.values())

    def get(self, row: Row) -> str:
        """Return what headrace does in place of what a row says of MLflow, and why.

        Raises:
            LookupError: the row points to no difference.
        """
        if not row.scenario:
            return row.headrace
        found: str | None = self._by_place.get((row.scenario, row.step))
        if found is None:
            raise LookupError(
                f"no difference of its own is listed at {row.scenario}: {row.step or 'everywhere'}"
            )
        return found


def build() -> str:
    """Return the page.

    Raises:
        LookupError: a difference has no row, or a row no difference.
    """
    parts = [
        _HEAD.format(server=_client_version("peer-mlflow-3.17"), clients=_name_clients()),
        *_list_calls(),
        _NOT_SERVED,
    ]
    reasons = Reasons()
    described: set[str] = set()
    for theme, rows in THEMES.items():
        table = ["| asked | MLflow | headrace |", "|---|---|---|"]
        for row in rows:
            reason = reasons.get(row)
            described.add(reason)
            table.append(f"| {_cell(row.asked)} | {_cell(row.mlflow)} | {_cell(reason)} |")
        parts.append("\n".join([f"### {theme}", "", *table, ""]))
    parts.append(_list_names())
    left = reasons.list_all() - described
    if left:
        raise LookupError(f"tools/compatibility_rows.py has no row for: {sorted(left)}")
    return "\n".join(parts)


def _list_calls() -> Iterator[str]:
    for resource, title in _TITLES.items():
        yield f"### {title}\n\n| call | |\n|---|---|"
        for row in ENDPOINTS:
            if row.name.partition(".")[0] == resource and not row.path.startswith("/headrace/"):
                pairs = [(row.method, row.path), *row.also]
                path = _cell(pairs[0][1].replace(":path}", "}"))
                methods = ", ".join(method for method, _ in pairs)
                yield f"| {methods} `{path}` | {_cell(row.summary)} |"
        yield ""


def _list_names() -> str:
    """Return what the Python API has, and what it has not."""
    modules = ", ".join(f"`headrace.{name}`" for name in sorted([*DOORS, "client"]))
    parts = [
        _PYTHON.format(
            version=_client_version("peer-mlflow-3.17"),
            modules=modules,
            count=len([name for name in PUBLIC if not name.startswith("__")]),
            not_compared=NOT_COMPARED,
        )
    ]
    for absent in ABSENT:
        for place, names in absent.names.items():
            shown = ", ".join(f"`{name}`" for name in names)
            parts.append(
                f"| {absent.theme}: `mlflow{place and '.'}{place}` | {shown} | {_cell(absent.reason)} |\n"
            )
    parts.append("\n### What takes other parameters\n\n")
    parts += [
        f"- `mlflow{each.place and '.'}{each.place}.{each.name}` {each.reason}.\n" for each in DIFFERENT
    ]
    parts.append("\n### What behaves otherwise\n\n| asked | MLflow | headrace |\n|---|---|---|\n")
    parts += [f"| {' | '.join(map(_cell, row))} |\n" for row in BEHAVIOUR]
    return "".join(parts)


def _name_clients() -> str:
    peers = [each.stem for each in (ROOT / "requirements").glob("peer-*.in")]
    names = sorted((_package(peer), _client_version(peer)) for peer in peers)
    return ", ".join(f"{package} {version}" for package, version in names)


def _package(peer: str) -> str:
    return peer.removeprefix("peer-").rpartition("-")[0]


def _client_version(peer: str) -> str:
    text = (ROOT / "requirements" / f"{peer}.in").read_text("utf-8")
    found = re.search(rf"^{_package(peer)}(?:\[\w+\])?==([\d.]+)", text, re.MULTILINE)
    if not found:
        raise LookupError(f"requirements/{peer}.in does not pin {_package(peer)}")
    return found[1]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(
        write_or_check(
            sys.argv[1:], FILE, lambda: build().encode(), "the table of endpoints with the golden tests"
        )
    )
