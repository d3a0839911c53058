"""Record the golden files from a real MLflow server: ``python tests/contract/record.py --mlflow PROGRAM [SCENARIO ...]``.

PROGRAM is the ``mlflow`` of an environment with mlflow 3.17.2 (``.env-peers/mlflow-3.17/bin/mlflow``). Each
scenario is played below ``/api`` and again below ``/ajax-api``: where the two differ, nothing is written. With
``--check`` nothing is written either: it says where the recording would differ from the files that are there.

Run by hand, when scenarios change; the tests only read the files.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import scenarios
from wire.normalise import normalise
from wire.player import Play
from wire.servers import Server, serve_mlflow
from wire.step import Scenario, get

from wire import golden


def record_scenario(server: Server, scenario: Scenario) -> list[dict[str, Any]]:
    """Play a scenario under both prefixes and return its golden entries.

    Raises:
        ValueError: if the two prefixes are answered differently.
    """
    entries, twins = (_play(server, scenario, prefix) for prefix in ("/api", "/ajax-api"))
    by_name = {entry["step"]: entry for entry in entries}
    for twin in twins:
        departure = golden.compare(by_name[twin["step"]]["answer"], twin["answer"])
        if departure:
            raise ValueError(f"{scenario.name}: {twin['step']!r} differs below /ajax-api: {departure}")
    return entries


def _play(server: Server, scenario: Scenario, prefix: str) -> list[dict[str, Any]]:
    if scenario.fresh and prefix != "/api":
        return []
    play = Play(server.host, server.port, prefix)
    return [
        {"step": step.name, "request": golden.describe(step), "answer": normalise(step, answer, play.names)}
        for step, answer in play.run(scenario)
    ]


def _record_all(
    program: Path, chosen: list[Scenario]
) -> Iterator[tuple[Scenario, list[dict[str, Any]], str]]:
    with tempfile.TemporaryDirectory() as folder:
        with serve_mlflow(program, Path(folder) / "shared") as server:
            version = Play(server.host, server.port).send(get("version", "/version")).body.decode()
            for scenario in chosen:
                if not scenario.fresh:
                    yield scenario, record_scenario(server, scenario), version
        for scenario in chosen:
            if scenario.fresh:
                with serve_mlflow(program, Path(folder) / scenario.name) as server:
                    yield scenario, record_scenario(server, scenario), version


def main() -> int:
    """Record or check; return 1 if a check found differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mlflow", type=Path, required=True, help="the mlflow program of the real server")
    parser.add_argument("--check", action="store_true", help="write nothing, say what would change")
    parser.add_argument("scenarios", nargs="*", help="names; all if none is given")
    options = parser.parse_args()
    chosen = [s for s in scenarios.ALL if not options.scenarios or s.name in options.scenarios]
    differing = 0
    for scenario, entries, version in _record_all(options.mlflow, chosen):
        if not options.check:
            golden.write(scenario, entries, version)
            print(f"{scenario.name}: {len(entries)} steps")
            continue
        recorded = golden.read(scenario)
        for entry in entries:
            before = recorded[entry["step"]]["answer"]
            now = golden.shorten(entry["answer"])
            if before != now:
                differing += 1
                print(f"{scenario.name}: {entry['step']}:\n  {json.dumps(before)}\n  {json.dumps(now)}")
    if not options.scenarios and not options.check:
        names = {scenario.name for scenario in chosen}
        for path in golden.FOLDER.glob("*.json"):
            if path.stem not in names:
                path.unlink()
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
