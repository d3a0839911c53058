"""No test passes by not running: with CI=true, a skip or an expected failure that is not listed is a failure.

The list is tests/structure/allowed_skips.txt, one test id a line, the reason after a `#`. Knows nothing of what is tested.
"""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["databases"]

# How long an example takes says something of the machine's other work only.
settings.register_profile("headrace", deadline=None)
settings.load_profile("headrace")

_IS_CI = os.environ.get("CI", "").lower() in {"1", "true"}
_ALLOWED = frozenset(
    entry
    for line in (Path(__file__).parent / "structure" / "allowed_skips.txt").read_text("utf-8").splitlines()
    if (entry := line.partition("#")[0].strip())
)


@pytest.fixture(autouse=True, scope="session")
def _own_spools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the spools and caches of the tests, and of the processes that they start, away from the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADRACE_SPOOL_DIR", str(tmp_path_factory.mktemp("spools")))
        patch.setenv("HEADRACE_CACHE_DIR", str(tmp_path_factory.mktemp("caches")))
        yield


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn the report of an unlisted skip or expected failure into a failure that says why it did not run."""
    if _IS_CI and report.skipped and report.nodeid not in _ALLOWED:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else getattr(report, "wasxfail", "")
        report.outcome = "failed"
        report.longrepr = (
            f"{report.nodeid} did not run: {reason or 'expected to fail'}. "
            "CI fails on a skip or xfail that tests/structure/allowed_skips.txt does not list."
        )
        if hasattr(report, "wasxfail"):
            del report.wasxfail


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Refuse skips and expected failures of tests."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Refuse skips of whole files."""
    report = yield
    _refuse_skip(report)
    return report
