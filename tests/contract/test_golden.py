"""The golden tests: headrace answers the recorded requests as MLflow 3.17.2 did, save for the listed differences."""

from typing import Any

import differences
import pytest
import scenarios
from wire.normalise import normalise
from wire.player import Answer, Play
from wire.servers import Server
from wire.step import Scenario, Step

from wire import golden

_SHARED = [scenario for scenario in scenarios.ALL if not scenario.fresh]
_FRESH = [scenario for scenario in scenarios.ALL if scenario.fresh]


def _expect(server: Server, scenario: Scenario, step: Step, recorded: dict[str, Any]) -> dict[str, Any]:
    return recorded if server.is_mlflow else differences.expect(scenario.name, step.name, recorded)


def _complain(play: Play, step: Step, answer: Answer) -> str | None:
    """Return what is wrong with the wording of an error, or None."""
    if not answer.body or not answer.headers.get("content-type", "").startswith("application/json"):
        return None
    body = answer.decode()
    if not isinstance(body, dict) or "error_code" not in body:
        return None
    message = str(body.get("message", ""))
    if not message.strip():
        return "the error has no message"
    missing = [text for text in map(play.fill, step.says) if text not in message]
    return f"the message {message!r} does not name {missing}" if missing else None


def _replay(server: Server, scenario: Scenario, prefix: str) -> list[str]:
    recorded = golden.read(scenario)
    play = Play(server.host, server.port, prefix)
    departures = []
    for step, answer in play.run(scenario):
        seen = golden.shorten(normalise(step, answer, play.names))
        departure = golden.compare(_expect(server, scenario, step, recorded[step.name]["answer"]), seen)
        if departure is None and not server.is_mlflow:
            departure = _complain(play, step, answer)
        if departure:
            departures.append(f"{step.name}: {departure}")
    return departures


@pytest.mark.parametrize("prefix", ["/api", "/ajax-api"])
@pytest.mark.parametrize("scenario", _SHARED, ids=lambda scenario: scenario.name)
def test_answers_are_those_of_mlflow(server: Server, scenario: Scenario, prefix: str) -> None:
    departures = _replay(server, scenario, prefix)
    assert not departures, "\n".join(departures)


@pytest.mark.parametrize("scenario", _FRESH, ids=lambda scenario: scenario.name)
def test_answers_of_a_new_store_are_those_of_mlflow(fresh_server: Server, scenario: Scenario) -> None:
    departures = _replay(fresh_server, scenario, "/api")
    assert not departures, "\n".join(departures)


def test_every_listed_difference_is_one() -> None:
    answers = {
        (scenario.name, name): entry["answer"]
        for scenario in scenarios.ALL
        for name, entry in golden.read(scenario).items()
    }
    different = {
        place
        for place, answer in answers.items()
        if golden.compare(answer, differences.expect(*place, answer)) is not None
    }
    assert sorted(differences.DIFFERENCES.keys() - different) == []
    assert differences.EVERYWHERE.keys() <= {
        scenario for scenario, _ in different - differences.DIFFERENCES.keys()
    }


def test_every_golden_file_belongs_to_a_scenario() -> None:
    names = {scenario.name for scenario in scenarios.ALL}
    assert {path.stem for path in golden.FOLDER.glob("*.json")} == names
