"""A page of a server in headless Chromium, and what it costs: time to its first row and chart, bytes, requests, frozen frames. It knows no product.

Times count from the start of the navigation, in the page's own clock. Every page is opened in a context of its own, with nothing cached.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

WIDTH, HEIGHT = 1440, 900
_QUIET_S = 3.0
_WATCH = """
window.__seen = {};
window.__longest = 0;
window.__changes = 0;
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) window.__longest = Math.max(window.__longest, each.duration);
}).observe({ type: 'longtask', buffered: true });
const wanted = %s;
const look = () => {
  for (const [name, selector] of Object.entries(wanted)) {
    if (window.__seen[name] === undefined && document.querySelector(selector)) {
      window.__seen[name] = -1;
      requestAnimationFrame(() => setTimeout(() => { window.__seen[name] = performance.now(); }));
    }
  }
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


@dataclass
class Opened:
    """What opening a page has cost.

    Args:
        seen_s: seconds until each thing that was waited for had been painted; None if it never came.
        bytes: as they came over the wire, headers included.
        requests: answered ones.
        script_bytes: those of scripts.
    """

    seen_s: dict[str, float | None] = field(default_factory=dict)
    bytes: int = 0
    requests: int = 0
    script_bytes: int = 0


class View:
    """An open page.

    Args:
        page: the page.
        session: its developer tools.
    """

    def __init__(self, page: Page, session: CDPSession) -> None:
        self.page = page
        self._session = session
        self._kinds: dict[str, str] = {}
        self._last_s = time.monotonic()
        self.moved = Opened()
        session.on("Network.responseReceived", self._note_kind)
        session.on("Network.loadingFinished", self._note_end)
        session.send("Network.enable")
        session.send("Performance.enable")

    def _note_kind(self, event: dict[str, Any]) -> None:
        self._kinds[event["requestId"]] = event.get("type", "")
        self._last_s = time.monotonic()

    def _note_end(self, event: dict[str, Any]) -> None:
        size = int(event["encodedDataLength"])
        self.moved.bytes += size
        self.moved.requests += 1
        if self._kinds.get(event["requestId"]) == "Script":
            self.moved.script_bytes += size
        self._last_s = time.monotonic()

    def open(self, url: str, wanted: dict[str, str], longest_s: float = 90.0) -> Opened:
        """Open an address, wait for what is wanted (CSS selectors by name), then until nothing has come for three seconds."""
        self.page.add_init_script(_WATCH % wanted)
        self.page.goto(url, wait_until="commit", timeout=longest_s * 1000)
        end_s = time.monotonic() + longest_s
        seen: dict[str, float] = {}
        while time.monotonic() < end_s and len(seen) < len(wanted):
            self.page.wait_for_timeout(50)
            found = self.page.evaluate("window.__seen || {}")
            seen = {name: value for name, value in found.items() if value >= 0}
        while time.monotonic() < end_s and time.monotonic() - self._last_s < _QUIET_S:
            self.page.wait_for_timeout(100)
        self.moved.seen_s = {name: seen[name] / 1000 if name in seen else None for name in wanted}
        return self.moved

    def measure_idle(self, seconds: float) -> dict[str, float]:
        """Watch the page for a while in which nothing happens: requests, bytes, changes of the document, processor seconds."""
        before, busy_s = (self.moved.requests, self.moved.bytes), self._read_busy_s()
        self.page.evaluate(
            "() => { window.__changes = 0; new MutationObserver((found) => { window.__changes += found.length; })"
            ".observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true }); }"
        )
        self.page.wait_for_timeout(seconds * 1000)
        return {
            "requests": self.moved.requests - before[0],
            "bytes": self.moved.bytes - before[1],
            "changes": self.page.evaluate("window.__changes"),
            "busy_s": self._read_busy_s() - busy_s,
        }

    def measure_hover_ms(self, selector: str, steps: int = 30) -> float:
        """Move the mouse over an element, and return the milliseconds of the page's processor for each move."""
        box = self.page.locator(selector).first.bounding_box()
        if box is None:
            raise LookupError(f"nothing to see at {selector}")
        busy_s = self._read_busy_s()
        for step in range(steps):
            x = box["x"] + box["width"] * (0.1 + 0.8 * step / steps)
            self.page.mouse.move(x, box["y"] + box["height"] / 2)
            self.page.wait_for_timeout(40)
        return (self._read_busy_s() - busy_s) / steps * 1000

    def measure_longest_ms(self, act: Any) -> float:
        """Return the longest task of the page, in milliseconds, while something is done to it."""
        self.page.evaluate("window.__longest = 0")
        act(self.page)
        self.page.wait_for_timeout(1000)
        return float(self.page.evaluate("window.__longest"))

    def read_longest_ms(self) -> float:
        """Return the longest task so far, in milliseconds."""
        return float(self.page.evaluate("window.__longest"))

    def _read_busy_s(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


@contextmanager
def open_browser(program: str) -> Iterator[Browser]:
    """Give a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_view(browser: Browser) -> Iterator[View]:
    """Give an empty page with nothing cached."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    try:
        page = context.new_page()
        yield View(page, context.new_cdp_session(page))
    finally:
        context.close()
