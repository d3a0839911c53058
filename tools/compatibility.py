"""Writes docs/compatibility.md from the table of endpoints and the list of differences; with ``--check`` it only tells whether it is stale.

The differences are those that the golden tests prove (``tests/contract/differences.py``), in the words of ``compatibility_rows``. A difference
without words, or words for one that is gone, are errors.
"""

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from compatibility_rows import THEMES, Row
from headrace.api.endpoints import ENDPOINTS

ROOT = Path(__file__).parents[1]
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
    left = reasons.list_all() - described
    if left:
        raise LookupError(f"tools/compatibility_rows.py has no row for: {sorted(left)}")
    return "\n".join(parts)


def _list_calls() -> Iterator[str]:
    for resource, title in _TITLES.items():
        yield f"### {title}\n\n| call | |\n|---|---|"
        for row in ENDPOINTS:
            if row.name.partition(".")[0] == resource:
                pairs = [(row.method, row.path), *row.also]
                path = _cell(pairs[0][1].replace(":path}", "}"))
                methods = ", ".join(method for method, _ in pairs)
                yield f"| {methods} `{path}` | {_cell(row.summary)} |"
        yield ""


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


def main(arguments: list[str]) -> int:
    """Write or check the file and return the exit status."""
    if arguments not in ([], ["--check"]):
        print("usage: compatibility.py [--check]", file=sys.stderr)
        return 2
    page = build()
    if not arguments:
        FILE.write_text(page, "utf-8")
        return 0
    if FILE.is_file() and FILE.read_text("utf-8") == page:
        return 0
    print(
        f"{FILE.relative_to(ROOT)} is not what the endpoints and the golden tests say; write it again with: python tools/compatibility.py",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
