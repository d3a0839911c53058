"""The linters are set to see what the house rules forbid: each rule is shown one line that breaks it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
DOCUMENTED = '"""A module."""\n\n'


def _lint(code: str, file: str = "src/headrace/store/scratch.py") -> set[str]:
    """The codes that ruff reports for `code` with the project's settings."""
    ran = subprocess.run(
        [PROGRAMS / "ruff", "check", "--no-cache", "--output-format=json", "--stdin-filename", file, "-"],
        cwd=ROOT,
        input=code,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode in {0, 1}, ran.stderr
    return {finding["code"] for finding in json.loads(ran.stdout)}


def test_clean_code_passes() -> None:
    code = f'{DOCUMENTED}def add_one(count: int) -> int:\n    """Return `count` and one more."""\n    return count + 1\n'
    assert _lint(code) == set()


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("D100", "COUNT = 1\n"),
        ("D101", f"{DOCUMENTED}class Store:\n    count: int\n"),
        ("D102", f'{DOCUMENTED}class Store:\n    """A store."""\n\n    def close(self) -> None:\n        self.x = 1\n'),
        ("D103", f"{DOCUMENTED}def close() -> None:\n    return None\n"),
        ("D104", ""),
        ("PLC0415", f'{DOCUMENTED}def close() -> None:\n    """Close."""\n    import json\n    json.dumps(1)\n'),
        ("BLE001", f"{DOCUMENTED}try:\n    COUNT = 1\nexcept Exception:\n    COUNT = 2\n"),
        ("E722", f"{DOCUMENTED}try:\n    COUNT = 1\nexcept:\n    COUNT = 2\n"),
        ("S301", f'{DOCUMENTED}import pickle\n\nVALUE = pickle.loads(b"x")\n'),
        ("S602", f'{DOCUMENTED}import subprocess\n\nsubprocess.run("ls *", shell=True, check=True)\n'),
        ("S307", f'{DOCUMENTED}VALUE = eval("1 + " + input())\n'),
        ("S608", f'{DOCUMENTED}def find(name: str) -> str:\n    """Find."""\n    return f"select * from t where n = {{name}}"\n'),
        ("T201", f"{DOCUMENTED}print(1)\n"),
        ("PGH003", f"{DOCUMENTED}COUNT: int = 1  # type: ignore\n"),
        ("PGH004", f"{DOCUMENTED}COUNT = 1  # noqa\n"),
        ("ANN201", f'{DOCUMENTED}def close():\n    """Close."""\n'),
    ],
)  # fmt: skip
def test_ruff_reports(rule: str, code: str) -> None:
    file = "src/headrace/scratch/__init__.py" if rule == "D104" else "src/headrace/scratch/module.py"
    assert rule in _lint(code, file)


def test_mypy_is_strict(tmp_path: Path) -> None:
    module = tmp_path / "scratch.py"
    module.write_text("def get(values: list) -> int:\n    return values[0]\n", "utf-8")
    ran = subprocess.run(
        [
            PROGRAMS / "mypy",
            "--config-file",
            ROOT / "pyproject.toml",
            "--cache-dir",
            tmp_path / "cache",
            module,
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "[type-arg]" in ran.stdout
    assert "[no-any-return]" in ran.stdout
