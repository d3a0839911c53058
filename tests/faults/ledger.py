"""What a client has sent and what was answered, and the check that a store holds exactly that.

A call that was answered has to be there, once. A call that was cut off is there wholly or not at all, and once.
"""

import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from faults.fleet import Connection

BATCH = 40


@dataclass
class Call:
    """One call: its path, what it says, and whether an answer came."""

    path: str
    fields: dict[str, Any]
    answered: bool = False


@dataclass
class RunLedger:
    """All calls that wrote to one run. Their steps, params and tags are numbered, none is used twice."""

    run_id: str
    calls: list[Call] = field(default_factory=list)


class Client:
    """One client: it creates runs and writes to them, and remembers all of it.

    Args:
        name: unique, for its tags.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._random = random.Random(name)
        self._numbers = itertools.count()
        self.created: list[Call] = []
        self.runs: list[RunLedger] = []

    def send_again(self, connection: Connection) -> None:
        """Send the calls that were cut off once more, as a client that retries does; a second creation would be a second run."""
        for call in [call for run in self.runs for call in run.calls if not call.answered]:
            connection.post(call.path, **call.fields)
            call.answered = True

    def write(self, connection: Connection) -> None:
        """Make calls until the connection breaks."""
        while True:
            if not self.runs or self._random.random() < 0.05:
                self._create(connection)
            run = self._random.choice(self.runs[-3:])
            call = self._invent(run.run_id)
            run.calls.append(call)
            connection.post(call.path, **call.fields)
            call.answered = True

    def _create(self, connection: Connection) -> None:
        tags = [{"key": "client", "value": f"{self._name}-{next(self._numbers)}"}]
        call = Call("runs/create", {"experiment_id": "0", "tags": tags, "start_time": 1})
        self.created.append(call)
        answer = connection.post(call.path, **call.fields)
        call.answered = True
        self.runs.append(RunLedger(answer["run"]["info"]["run_id"]))

    def _invent(self, run_id: str) -> Call:
        number = next(self._numbers)
        kind = self._random.randrange(4)
        if kind == 0:
            return Call(
                "runs/log-metric",
                {"run_id": run_id, "key": "single", "value": number / 8, "timestamp": number, "step": number},
            )
        if kind == 1:
            return Call("runs/log-parameter", {"run_id": run_id, "key": f"p{number}", "value": str(number)})
        if kind == 2:
            return Call("runs/set-tag", {"run_id": run_id, "key": f"t{number}", "value": str(number)})
        metrics = [
            {"key": "batch", "value": float(number), "timestamp": place, "step": number * BATCH + place}
            for place in range(BATCH)
        ]
        more = {"key": f"b{number}", "value": str(number)}
        return Call(
            "runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": [more], "tags": [more]}
        )

    def count_answered(self) -> int:
        """How many calls were answered."""
        return sum(
            call.answered for call in [*self.created, *(call for run in self.runs for call in run.calls)]
        )

    def check(self, connection: Connection) -> None:
        """Hold the store against what was sent."""
        for call in self.created:
            text = f"tags.client = '{call.fields['tags'][0]['value']}'"
            found = connection.post("runs/search", experiment_ids=["0"], filter=text).get("runs", [])
            assert len(found) in ({1} if call.answered else {0, 1}), (call, len(found))
        for run in self.runs:
            _check_run(connection, run)


def _check_run(connection: Connection, run: RunLedger) -> None:
    data = connection.get("runs/get", run_id=run.run_id)["run"]["data"]
    params = Counter(entry["key"] for entry in data.get("params", []))
    tags = Counter(entry["key"] for entry in data.get("tags", []) if entry["key"][0] in "bt")
    single = Counter(connection.read_history(run.run_id, "single"))
    batch = Counter(connection.read_history(run.run_id, "batch"))
    for call in run.calls:
        parts = _take(call, {"single": single, "batch": batch, "params": params, "tags": tags})
        assert set(parts) in ([{1}] if call.answered else [{0}, {1}]), (run.run_id, call, parts)
    # what nobody sent
    assert not +single
    assert not +batch
    assert not +params
    assert not +tags


def _take(call: Call, held: dict[str, Counter[Any]]) -> list[int]:
    """Take what a call should have stored out of what is stored, and return how often each part of it was there."""
    fields = call.fields
    if call.path == "runs/log-metric":
        places = [("single", (fields["step"], fields["value"]))]
    elif call.path == "runs/log-parameter":
        places = [("params", fields["key"])]
    elif call.path == "runs/set-tag":
        places = [("tags", fields["key"])]
    else:
        places = [("batch", (metric["step"], metric["value"])) for metric in fields["metrics"]]
        places += [("params", fields["params"][0]["key"]), ("tags", fields["tags"][0]["key"])]
    return [held[kind].pop(place, 0) for kind, place in places]
