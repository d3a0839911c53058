"""The commands of a fresh clone: what they say when they cannot go on, and what `make` lists."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = {"help", "dev", "ui", "demo", "test", "check", "bench", "clean", "lock"}


def test_bootstrap_says_that_python_is_too_old(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "bootstrap", tmp_path / "scripts")
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n', "utf-8")
    old.chmod(0o755)
    ran = subprocess.run(
        [tmp_path / "scripts" / "bootstrap"],
        env={"PYTHON": str(old), "PATH": "/usr/bin:/bin"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert ran.stderr == f"bootstrap: PYTHON={old} is Python 3.9.2; headrace needs Python 3.11 or later\n"
    assert not (tmp_path / ".venv").exists()


def test_make_lists_its_targets() -> None:
    ran = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert set(re.findall(r"^  make ([a-z]+) ", ran.stdout, re.MULTILINE)) >= TARGETS


@pytest.mark.parametrize(
    ("targets", "left_out"),
    [
        (["check", "test"], True),
        (["test"], False),
        (["check", "test", "TESTS=tests/structure"], False),
    ],
)
def test_make_leaves_out_only_what_it_has_just_run(targets: list[str], *, left_out: bool) -> None:
    ran = subprocess.run(
        ["make", "--dry-run", *targets],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        check=True,
        capture_output=True,
        text=True,
    )
    *before, tests = [line for line in ran.stdout.splitlines() if line.startswith(".venv/bin/pytest")]
    assert [line.endswith(" tests/structure") for line in before] == [True] * ("check" in targets)
    assert ("--ignore=tests/structure" in tests) == left_out
    assert ("echo 'tests without tests/structure" in ran.stdout) == left_out


@pytest.mark.parametrize(
    "script", [".ci/run", "scripts/bootstrap", "scripts/ci-services", "scripts/lock", "scripts/ui"]
)
def test_a_script_parses_and_can_be_run(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", path], check=True)
