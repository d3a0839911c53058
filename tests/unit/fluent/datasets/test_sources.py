"""Sources: named by a path or an address, described, read again."""

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from headrace.api import inputs
from headrace.base.errors import HeadraceWarning, InvalidParameter, NotFound, NotImplementedByServer
from headrace.fluent.datasets import registry
from headrace.fluent.datasets.constructors import from_files, from_numpy, get_source
from headrace.fluent.datasets.dataset import Dataset, to_wire
from headrace.fluent.datasets.file_sources import (
    HTTPDatasetSource,
    LocalArtifactDatasetSource,
    S3ArtifactDatasetSource,
)
from headrace.fluent.datasets.framework_sources import DeltaDatasetSource, SparkDatasetSource, quote_name
from headrace.fluent.datasets.registry import (
    get_dataset_source_from_json,
    get_registered_sources,
    resolve_dataset_source,
)
from headrace.fluent.datasets.source import CodeDatasetSource, DatasetSource


class OwnSource(DatasetSource):
    """A source as a plugin of MLflow defines it."""

    def __init__(self, key: str) -> None:
        self.key = key

    @staticmethod
    def _get_source_type() -> str:  # type: ignore[override]
        return "own"

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:  # type: ignore[override]
        return str(raw_source).startswith("own:")

    @classmethod
    def _resolve(cls, raw_source: Any) -> "OwnSource":
        return cls(str(raw_source).removeprefix("own:"))

    def to_dict(self) -> dict[str, Any]:
        return {"key": self.key}

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> "OwnSource":
        return cls(source_dict["key"])


def test_every_kind_of_source_is_read_as_it_was_described() -> None:
    for given in ("a.csv", "s3://b/c", "gs://b/c", "https://h/x", "hdfs://h/x", "viewfs://h/x"):
        source = resolve_dataset_source(given)
        again = get_dataset_source_from_json(source.to_json(), source._get_source_type())
        assert (type(again), again.to_dict()) == (type(source), source.to_dict())


@pytest.mark.parametrize("source_json", ["{}", "[]", "no json", '{"url": 1}'])
def test_a_damaged_description_is_refused(source_json: str) -> None:
    with pytest.raises(InvalidParameter):
        get_dataset_source_from_json(source_json, "s3")


def test_an_unknown_kind_of_source_is_refused() -> None:
    with pytest.raises(NotFound, match="own"):
        get_dataset_source_from_json("{}", "own")


def test_a_plugin_brings_kinds_of_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("own", f"{__name__}:OwnSource", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    monkeypatch.setattr(registry, "load_attribute", lambda address: OwnSource)
    source = resolve_dataset_source("own:x")
    assert isinstance(source, OwnSource)
    assert get_dataset_source_from_json(source.to_json(), "own").to_dict() == {"key": "x"}


def test_a_plugin_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("own", "headrace.no_such_module:Source", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    with pytest.warns(HeadraceWarning, match="no_such_module"):
        assert len(get_registered_sources()) > 10


def test_a_local_source_is_read_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x")
    source = LocalArtifactDatasetSource(str(tmp_path / "a.csv"))
    assert source.load() == str(tmp_path / "a.csv")
    copied = source.load(str(tmp_path / "there"))
    assert copied == str(tmp_path / "there" / "a.csv")
    assert Path(copied).read_text() == "x"


def test_a_store_that_is_not_in_reach_is_named() -> None:
    with pytest.raises(NotImplementedByServer, match="s3://bucket/key"):
        S3ArtifactDatasetSource("s3://bucket/key").load()


def test_code_is_not_run_again() -> None:
    with pytest.raises(NotImplementedByServer, match=r"train\.py"):
        CodeDatasetSource({"mlflow.source.name": "train.py"}).load()


@pytest.mark.parametrize(
    "arguments", [{}, {"path": "a", "sql": "b"}, {"path": "a", "table_name": "b", "sql": "c"}]
)
def test_spark_needs_exactly_one_place(arguments: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter):
        SparkDatasetSource(**arguments)


def test_a_delta_table_is_described_as_far_as_it_is_known() -> None:
    assert DeltaDatasetSource(path="/t", delta_table_version=3).to_dict() == {
        "path": "/t",
        "delta_table_version": 3,
    }
    assert DeltaDatasetSource(delta_table_name="hive_metastore.a.b").to_dict() == {
        "delta_table_name": "hive_metastore.a.b"
    }
    of_catalogue = DeltaDatasetSource(delta_table_name="main.a.b", delta_table_id="7").to_dict()
    assert of_catalogue == {
        "delta_table_name": "main.a.b",
        "is_databricks_uc_table": True,
        "delta_table_id": "7",
    }


def test_names_of_tables_are_quoted_part_by_part() -> None:
    assert quote_name("a.`b`.c-d") == "`a`.`b`.`c-d`"


def test_the_source_of_a_logged_dataset_is_found() -> None:
    logged = inputs.Dataset(name="n", digest="d", source_type="http", source='{"url": "https://h/x"}')
    for given in (logged, inputs.DatasetInput(dataset=logged)):
        source = get_source(given)
        assert isinstance(source, HTTPDatasetSource)
        assert source.url == "https://h/x"
    with pytest.raises(InvalidParameter, match="Unrecognized dataset type"):
        get_source("x")


def test_a_dataset_of_a_users_own_kind_can_be_sent() -> None:
    class Own(Dataset):
        def _compute_digest(self) -> str:
            return "abc"

    wire = to_wire(Own(HTTPDatasetSource("https://h/x"), name="own"))
    assert (wire.name, wire.digest, wire.source_type, wire.schema, wire.profile) == (
        "own",
        "abc",
        "http",
        wire.schema,
        wire.profile,
    )
    assert not wire.schema
    with pytest.raises(InvalidParameter, match="no dataset"):
        to_wire("x")


def test_a_dataset_without_a_source_names_the_code() -> None:
    import numpy as np

    described = from_numpy(np.arange(3)).to_dict()
    assert described["source_type"] == "code"
    assert "mlflow.source.name" in described["source"]


@pytest.mark.parametrize("several", [True, False])
def test_files_are_known_by_their_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, several: bool
) -> None:
    monkeypatch.setenv("HEADRACE_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("one/a.csv", "two/a.csv"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("x")
    one, two = (
        from_files([tmp_path / part / "a.csv"] if several else tmp_path / part / "a.csv")
        for part in ("one", "two")
    )
    assert one.digest == two.digest
    assert one.source.uri == str(tmp_path / "one" if several else tmp_path / "one" / "a.csv")
    (tmp_path / "two" / "a.csv").write_text("y")
    assert from_files(tmp_path / "two" / "a.csv").digest != one.digest


def test_no_files_make_no_dataset() -> None:
    with pytest.raises(InvalidParameter, match="at least one"):
        from_files([])
