"""A server with the built pages and real data, a Chromium, and pages that fail a test if they complain."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

import headrace
from serving import Server, start_server

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
AXE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
SCREENS = ROOT / ".cache" / "e2e"
WAIT_MS = 20_000
WIDE = {"width": 1440, "height": 900}
expect.set_options(timeout=WAIT_MS)
# Said again by whatever made the call; and what frames in a sandbox hear.
_HARMLESS = re.compile(r"Failed to load resource|from origin 'null'|sandboxed")


@dataclass(frozen=True)
class Filled:
    """What a program of training.py has logged."""

    experiment_id: str
    runs: list[str]
    parent: str = ""
    broken: str = ""


@dataclass(frozen=True)
class Opened:
    """A page of a browser, and what it complained of."""

    page: Page
    context: BrowserContext
    complaints: list[str]
    url: str

    def go(self, path: str) -> Page:
        """Load an address of the server."""
        self.page.goto(f"{self.url}{path}")
        self.page.wait_for_selector("main")
        return self.page


@pytest.fixture(scope="session")
def pages_folder() -> str:
    """The folder of the built pages: HEADRACE_STATIC_DIR, or the package's own."""
    folder = Path(os.environ.get("HEADRACE_STATIC_DIR") or Path(headrace.__file__).parent / "static")
    assert (folder / "index.html").is_file(), f"{folder} holds no built pages; run scripts/ui"
    return str(folder)


@pytest.fixture(scope="session")
def start(pages_folder: str) -> Callable[..., Server]:
    """A function that starts a server which serves the built pages."""

    def start_one(folder: Path, **options: Any) -> Server:
        return start_server(folder, environ={"HEADRACE_STATIC_DIR": pages_folder}, **options)

    return start_one


@pytest.fixture(scope="session")
def server(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that no test stops."""
    with start(tmp_path_factory.mktemp("e2e")) as running:
        yield running


@pytest.fixture(scope="session")
def filled(server: Server) -> Filled:
    """What `training.fill` has logged to the server."""
    return run_program("fill", server.url)


@pytest.fixture(scope="session")
def hostile(server: Server) -> Filled:
    """What `training.hostile` has logged to the server."""
    return run_program("hostile", server.url)


def run_program(what: str, url: str) -> Filled:
    """Run a program of training.py to its end."""
    done = subprocess.run(
        [sys.executable, HERE / "training.py", what, url],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    return Filled(**json.loads(done.stdout))


@pytest.fixture
def live(server: Server) -> Iterator[tuple[Filled, "subprocess.Popen[str]"]]:
    """A training that goes on."""
    process = subprocess.Popen(
        [sys.executable, HERE / "training.py", "live", server.url], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield Filled(**json.loads(process.stdout.readline())), process
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window. Not for longer than a module: Playwright keeps an event loop in this thread, which other tests cannot bear."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "there is no Chromium; scripts/ci-services installs it"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture
def open_at(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """A function that opens a page of a server in a fresh browser session. At the end no page may have complained."""
    opened: list[Opened] = []

    def open_page(url: str, **options: Any) -> Opened:
        context = browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce", **options})
        context.set_default_timeout(WAIT_MS)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", lambda message: _note(complaints, message.type, message.text))
        page.on("request", lambda request: _check_place(complaints, request, url))
        found = Opened(page, context, complaints, url)
        opened.append(found)
        return found

    yield open_page
    complaints = [each for one in opened for each in one.complaints]
    for one in opened:
        one.context.close()
    assert complaints == []


def _note(complaints: list[str], kind: str, text: str) -> None:
    if kind == "error" and not _HARMLESS.search(text):
        complaints.append(f"console: {text}")


def _check_place(complaints: list[str], request: Request, url: str) -> None:
    """Note a request to anywhere but the server."""
    if not request.url.startswith((urljoin(url, "/"), "data:", "blob:", "about:")):
        complaints.append(f"asked {request.url[:200]}")


@pytest.fixture
def opened(open_at: Callable[..., Opened], server: Server) -> Opened:
    """A page of the shared server."""
    return open_at(server.url)


def find_violations(page: Page) -> list[str]:
    """Return what axe finds serious or critical on a page, each with the places."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']} ({each['impact']}): {[node['html'][:160] for node in each['nodes'][:4]]}"
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


def take_picture(page: Page, name: str) -> None:
    """Keep a picture of a page for whoever looks at the outcome."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}.png")
