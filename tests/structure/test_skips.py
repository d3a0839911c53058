"""A test that does not run fails CI: tests/conftest.py is tried on a scratch folder of tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
NOT_RUN = """
import pytest

@pytest.fixture
def absent():
    pytest.skip("no such server")

def test_skips_itself(): pytest.skip("not today")
@pytest.mark.skip(reason="marked")
def test_marked(): pass
def test_fixture_skips(absent): pass
@pytest.mark.parametrize("case", [])
def test_no_cases(case): pass
@pytest.mark.xfail(reason="known")
def test_expected_to_fail(): assert 0
@pytest.mark.xfail(reason="known", run=False)
def test_not_even_run(): pass
"""
FILE_SKIPPED = "import pytest\npytest.importorskip('no_such_module')\ndef test_unreached(): pass\n"
PASSES = "def test_passes(): pass\n"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A folder of tests with the project's conftest.py, what that loads, and an empty list of allowed skips."""
    tests = tmp_path / "tests"
    (tests / "structure").mkdir(parents=True)
    for name in ("conftest.py", "databases.py", "database_servers.py"):
        shutil.copy(TESTS / name, tests)
    (tests / "structure" / "allowed_skips.txt").touch()
    return tests


def _run(tests: Path, processes: int, *, is_ci: bool) -> tuple[int, str]:
    """Run pytest on `tests`; its exit status and the last line of its output."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("CI", "PYTEST_"))
    }
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir=.",
            "--override-ini=pythonpath=tests",
            f"-n{processes}",
            "tests",
        ],
        cwd=tests.parent,
        env=environment | ({"CI": "true"} if is_ci else {}),
        check=False,
        capture_output=True,
        text=True,
    )
    return ran.returncode, ran.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize("processes", [0, 1])
def test_ci_fails_on_every_kind_of_test_that_did_not_run(scratch: Path, processes: int) -> None:
    (scratch / "test_not_run.py").write_text(NOT_RUN + PASSES, "utf-8")
    status, summary = _run(scratch, processes, is_ci=True)
    assert status == 1
    assert summary.startswith("2 failed, 1 passed, 4 errors in")


@pytest.mark.parametrize("processes", [0, 1])
def test_ci_fails_on_a_file_that_skips_itself(scratch: Path, processes: int) -> None:
    (scratch / "test_file.py").write_text(FILE_SKIPPED, "utf-8")
    (scratch / "test_passes.py").write_text(PASSES, "utf-8")
    status, summary = _run(scratch, processes, is_ci=True)
    assert status != 0
    assert "1 error" in summary


def test_ci_passes_when_the_skip_is_listed(scratch: Path) -> None:
    (scratch / "test_not_run.py").write_text(
        "import pytest\ndef test_it(): pytest.skip('x')\n" + PASSES, "utf-8"
    )
    (scratch / "structure" / "allowed_skips.txt").write_text(
        "tests/test_not_run.py::test_it  # why\n", "utf-8"
    )
    status, summary = _run(scratch, 0, is_ci=True)
    assert status == 0
    assert summary.startswith("1 passed, 1 skipped in")


def test_outside_ci_a_skip_is_only_shown(scratch: Path) -> None:
    (scratch / "test_not_run.py").write_text(NOT_RUN + PASSES, "utf-8")
    status, summary = _run(scratch, 0, is_ci=False)
    assert status == 0
    assert summary.startswith("1 passed, 4 skipped, 2 xfailed in")


def test_a_run_without_tests_is_a_failure(scratch: Path) -> None:
    (scratch / "test_empty.py").touch()
    status, _ = _run(scratch, 0, is_ci=True)
    assert status == pytest.ExitCode.NO_TESTS_COLLECTED


def test_every_allowed_skip_names_a_test_file_and_a_reason() -> None:
    listed = (TESTS / "structure" / "allowed_skips.txt").read_text("utf-8").splitlines()
    entries = [line.partition("#") for line in listed if line.strip() and not line.startswith("#")]
    assert [test for test, _, reason in entries if not reason.strip()] == []
    assert [test for test, _, _ in entries if not (TESTS.parent / test.partition("::")[0]).is_file()] == []
