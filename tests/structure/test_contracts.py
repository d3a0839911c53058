"""The import contracts bite: a package laid out like headrace keeps them all, each forbidden import breaks its own."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
}
LAYERS = [
    name.strip(" ()") for line in CONTRACTS["layers"]["layers"] for name in line.replace(":", "|").split("|")
]


def _check(folder: Path) -> tuple[int, str]:
    """Run lint-imports with the project's contracts on the package in `folder`; its exit status and output."""
    linter = Path(sys.executable).parent / "lint-imports"
    ran = subprocess.run(
        [linter, "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=folder,
        env={"COLUMNS": "200", "PATH": "", "PYTHONPATH": str(folder)},
        check=False,
        capture_output=True,
        text=True,
    )
    return ran.returncode, ran.stdout + ran.stderr


def _find_broken(output: str) -> set[str]:
    """The ids of the contracts that a run reported as broken."""
    return {
        identity
        for identity, contract in CONTRACTS.items()
        if f"{contract['name']} BROKEN" in " ".join(output.split())
    }


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with every layer, what is still to come included, and no import in it but those of its dependencies."""
    top = tmp_path / "headrace"
    for folder in [top, *(top / layer for layer in LAYERS)]:
        folder.mkdir()
        (folder / "__init__.py").touch()
    (top / "server" / "app.py").write_text("import starlette.applications, uvicorn, headrace.services\n")
    (top / "store" / "engine.py").write_text("import alembic, sqlalchemy, sqlite3\n")
    (top / "services" / "runs.py").write_text("import headrace.store.engine\n")
    (top / "local" / "transport.py").write_text("import headrace.services.runs, headrace.client\n")
    (top / "integrations" / "sklearn.py").touch()
    (top / "integrations" / "xgboost.py").touch()
    (top / "client" / "runs.py").write_text("import headrace.api, httptools\n")
    return top


def test_a_package_in_order_keeps_every_contract(package: Path) -> None:
    status, output = _check(package.parent)
    assert status == 0, output
    assert _find_broken(output) == set()
    assert f"{len(CONTRACTS)} kept, 0 broken" in output


@pytest.mark.parametrize(
    ("file", "imported", "broken"),
    [
        ("base/clock.py", "headrace.api", {"layers"}),
        ("api/runs.py", "headrace.search", {"layers"}),
        ("services/late.py", "headrace.client", {"layers", "server-without-client"}),
        ("store/late.py", "headrace.services.runs", {"layers"}),
        ("fluent/late.py", "headrace.local.transport", {"layers"}),
        ("__init__.py", "headrace.client.late", {"training-script"}),
        ("client/late.py", "headrace.store.engine", {"training-script"}),
        ("client/late.py", "uvicorn", {"training-script", "http-in-server"}),
        ("server/late.py", "headrace.client", {"server-without-client"}),
        ("server/late.py", "headrace.evaluation.late", {"server-without-client"}),
        ("cli/late.py", "uvicorn", {"http-in-server"}),
        ("services/late.py", "starlette.responses", {"http-in-server"}),
        ("services/late.py", "sqlalchemy.exc", {"sql-in-store"}),
        ("cli/late.py", "sqlite3", {"sql-in-store"}),
        ("store/late.py", "headrace.store.later", {"no-circles"}),
        ("integrations/sklearn.py", "headrace.integrations.xgboost", {"integrations-apart"}),
        ("unplaced.py", "json", {"layers"}),
        ("unplaced/__init__.py", "json", {"layers"}),
    ],
)
def test_a_forbidden_import_breaks_its_contract(
    package: Path, file: str, imported: str, broken: set[str]
) -> None:
    # what some of the imports above go through
    (package / "client" / "late.py").write_text(
        "import headrace.services.runs\n" if file == "__init__.py" else ""
    )
    (package / "evaluation" / "late.py").write_text("import headrace.client\n")
    (package / "store" / "later.py").write_text("import headrace.store.late\n")
    path = package / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"import {imported}\n")
    (package / "store" / "late.py").touch()
    status, output = _check(package.parent)
    assert status == 1, output
    assert broken <= _find_broken(output), output


def test_every_contract_is_shown_to_bite() -> None:
    marks = test_a_forbidden_import_breaks_its_contract.pytestmark  # type: ignore[attr-defined]
    shown = set().union(*(broken for _, _, broken in marks[0].args[1]))
    assert shown == set(CONTRACTS)
