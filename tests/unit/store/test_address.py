"""Where a database is: what people write, for MLflow too, and what becomes of it."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from headrace.base.errors import InvalidParameter
from headrace.store.address import parse_address
from headrace.store.engine import open_store
from headrace.store.migrate import upgrade


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:///store.db",
        "sqlite+pysqlite:///store.db",
        "sqlite:////store.db",
        "sqlite:///./a b/../store.db",
        "sqlite:///größe.db",
        "sqlite:///a%20b.db",
        "sqlite:///50%25.db",
        "sqlite:///what%3F.db",
        "sqlite:///store.db?check_same_thread=False&timeout=60",
    ],
)
def test_a_path_is_understood_as_sqlalchemy_does(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a b").mkdir()
    monkeypatch.chdir(tmp_path)
    found = parse_address(text)
    assert found.backend == "sqlite"
    assert found.path == Path(make_url(text).database or "")
    assert parse_address(found.text) == found
    assert parse_address(found.resolved().text).path == (tmp_path / found.path).absolute()


@pytest.mark.parametrize(
    "text", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x?uri=true"]
)
def test_a_database_in_memory_is_refused_before_anything_is_made(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for work in (parse_address, open_store, upgrade):
        with pytest.raises(InvalidParameter, match="would lose every run at exit"):
            work(text)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:store.db",
        "sqlite:/store.db",
        "sqlite://store.db",
        "sqlite+aiosqlite:///store.db",
        "store.db",
        "",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidParameter, match=r"is no database URL.*sqlite:///headrace\.db"):
        parse_address(text)


def test_options_that_mean_nothing_here_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match=r"does not know: mode, vfs\. Write the path alone"):
        parse_address(f"sqlite:///{tmp_path / 'store.db'}?vfs=unix&mode=ro&timeout=1")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match=r"The folder '.*nowhere' of the store .* does not exist"):
        parse_address(f"sqlite:///{tmp_path / 'nowhere' / 'store.db'}")


def test_a_password_is_kept_and_not_shown() -> None:
    found = parse_address("postgresql://ann:secret@db/runs")
    assert "secret" in found.text
    assert found.shown == "postgresql+psycopg://ann:***@db/runs"
    assert found.path is None
