"""Sends the steps of a scenario to a server over real HTTP and hands back what was answered.

It sends paths to the letter (no client library tidies ``..`` or ``//`` away) and opens one connection per step.
It does not judge the answers.
"""

import http.client
import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from wire.step import Scenario, Step

#: Seconds until a server that does not answer is given up.
TIMEOUT_S = 60
_IN_BRACES = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_IN_PERCENTS = re.compile(r"%([a-z][a-z0-9_]*)%")


@dataclass(frozen=True)
class Answer:
    """What a server answered: HTTP status, headers with lower-case names, body bytes."""

    status: int
    headers: dict[str, str]
    body: bytes

    def decode(self) -> Any:
        """Return the body's JSON value.

        Raises:
            ValueError: if the body is no JSON.
        """
        return json.loads(self.body)


@dataclass
class Play:
    """One playing of a scenario at a server.

    Args:
        host: the server's host name.
        port: the server's port.
        prefix: ``/api`` or ``/ajax-api``: what ``/api`` at the head of a path becomes.
        names: placeholder -> value, filled while playing; ``unique`` is there from the start.
    """

    host: str
    port: int
    prefix: str = "/api"
    names: dict[str, str] = field(default_factory=lambda: {"unique": f"u{uuid.uuid4().hex[:12]}"})

    def run(self, scenario: Scenario) -> Iterator[tuple[Step, Answer]]:
        """Send the scenario's steps in order and yield each with its answer."""
        for step in scenario.steps:
            if self.prefix != "/api" and not step.both:
                continue
            answer = self.send(step)
            self._save(step, answer)
            yield step, answer

    def send(self, step: Step) -> Answer:
        """Send one step.

        Raises:
            KeyError: if a placeholder of the step has no value.
        """
        time.sleep(step.pause_s)
        path = self._target(step)
        if step.query:
            path += "?" + urlencode([(self.fill(k), self.fill(v)) for k, v in step.query], quote_via=quote)
        headers = {name: self.fill(value) for name, value in step.headers.items()}
        body: bytes | None = None
        if step.raw is not None:
            body = step.raw if isinstance(step.raw, bytes) else self.fill(step.raw, _IN_PERCENTS).encode()
        elif step.body is not None:
            body = json.dumps(self._fill_all(step.body), allow_nan=False).encode()
        if body is not None and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
        if headers.get("Content-Type") == "":  # asks for a request without the header
            del headers["Content-Type"]
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_S)
        try:
            connection.request(step.method, path, body=body, headers=headers)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def _target(self, step: Step) -> str:
        path = self.fill(step.target)
        return self.prefix + path.removeprefix("/api") if path.startswith("/api/") else path

    def fill(self, text: str, pattern: re.Pattern[str] = _IN_BRACES) -> str:
        """Return a text with its placeholders put in.

        Raises:
            KeyError: if one has no value.
        """
        return pattern.sub(lambda match: self.names[match[1]], text)

    def _fill_all(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.fill(value)
        if isinstance(value, list):
            return [self._fill_all(item) for item in value]
        if isinstance(value, dict):
            return {self.fill(key): self._fill_all(item) for key, item in value.items()}
        return value

    def _save(self, step: Step, answer: Answer) -> None:
        for name, where in step.save.items():
            value = answer.decode()
            for part in where.split("."):
                found = value.get(part) if isinstance(value, dict) else None
                if found is None and not isinstance(value, list):
                    raise LookupError(
                        f"step {step.name!r}: no {where} in {answer.status} {answer.body[:400]!r}"
                    )
                value = value[int(part)] if isinstance(value, list) else found
            self.names[name] = str(value)
