"""Addresses and settings: from arguments, from the environment, and what is refused."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points

import pytest

import headrace
from headrace.base.errors import HeadraceError, InvalidParameter
from headrace.client import Client, connect
from headrace.client.client import GROUPS
from headrace.client.connect import GROUP, OWN, read_settings
from headrace.client.transport import DEFAULT_RETRIES, DEFAULT_TIMEOUT_S
from serving import clean_environment


@pytest.fixture(autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    with clean_environment():
        yield


def test_the_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example")
    assert connect().uri == "http://mlflow.example"
    monkeypatch.setenv("HEADRACE_TRACKING_URI", "https://headrace.example:8443/team/")
    assert connect().uri == "https://headrace.example:8443/team"
    assert connect("http://argument.example").uri == "http://argument.example"


@pytest.mark.parametrize(
    "uri",
    [
        "databricks",
        "file:///x",
        "./mlruns",
        "C:/mlruns",
        "mssql://u:secret@h/db",
        "ftp://x",
        "://",
        "http",
        "sqlite",
    ],
)
def test_an_address_of_another_kind_is_refused_with_what_there_is(uri: str) -> None:
    with pytest.raises(
        InvalidParameter, match="http, https, mariadb, mysql, postgres, postgresql, sqlite"
    ) as caught:
        connect(uri)
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "uri",
    [
        "http://",
        "http://[bad",
        "http://h:port",
        "http://h:99999",
        "http://u:secret@h?x=1",
        "http://h#x",
        "http:///x",
        "http:h",
    ],
)
def test_a_malformed_address_is_refused(uri: str) -> None:
    with pytest.raises(InvalidParameter, match="no address of a server") as caught:
        connect(uri)
    assert "secret" not in caught.value.message


def test_a_malformed_database_address_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="no database URL"):
        connect("sqlite:x.db")


@pytest.mark.parametrize("token", ["a\nb", "a\r\nX-Evil: 1", "tökèn", "a\0b"])
def test_a_token_cannot_add_a_header(token: str) -> None:
    with pytest.raises(InvalidParameter, match="token") as caught:
        connect("http://h.example", token=token)
    assert token not in caught.value.message


def test_timeout_and_retries_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read_settings()
    assert (settings.timeout_s, settings.retries) == (DEFAULT_TIMEOUT_S, DEFAULT_RETRIES) == (120, 5)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "7.5")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    settings = read_settings()
    assert (settings.timeout_s, settings.retries) == (7.5, 2)
    settings = read_settings(timeout_s=1, retries=0)
    assert (settings.timeout_s, settings.retries) == (1, 0)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_a_timeout_must_be_a_number_of_seconds(seconds: float) -> None:
    with pytest.raises(InvalidParameter, match="timeout"):
        connect("http://h.example", timeout_s=seconds)


@pytest.mark.parametrize("count", [-1, 21])
def test_retries_are_bounded(count: int) -> None:
    with pytest.raises(InvalidParameter, match="retries"):
        connect("http://h.example", retries=count)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MLFLOW_HTTP_REQUEST_TIMEOUT", "soon"),
        ("HEADRACE_HTTP_REQUEST_MAX_RETRIES", "many"),
        ("HEADRACE_HTTP_REQUEST_MAX_RETRIES", "1.5"),
        ("HEADRACE_HTTP_REQUEST_MAX_RETRIES", "nan"),
        ("MLFLOW_TRACKING_INSECURE_TLS", "perhaps"),
    ],
)
def test_a_setting_that_makes_no_sense_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidParameter, match=variable):
        connect("http://h.example")


def test_a_proxy_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://ann:secret@p.example")
    with pytest.raises(InvalidParameter, match=r"socks5://p\.example.*NO_PROXY") as caught:
        connect("http://h.example")
    assert "secret" not in caught.value.message


def test_a_client_shows_its_address() -> None:
    with connect("http://h.example:5000") as client:
        assert repr(client) == "Client('http://h.example:5000')"


# The package itself


def _loaded(program: str) -> set[str]:
    code = f"{program}\nimport sys; print(' '.join(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(ran.stdout.split())


SERVERS = {"starlette", "uvicorn", "alembic", "sqlalchemy", "numpy", "headrace.services", "headrace.store"}


def test_importing_the_package_loads_next_to_nothing() -> None:
    loaded = _loaded("import headrace")
    assert loaded.isdisjoint({*SERVERS, "urllib3", "headrace.client"})
    assert len(loaded) < 150


def test_importing_the_client_loads_no_transport() -> None:
    loaded = _loaded("import headrace.client")
    assert "headrace.client.client" in loaded
    assert loaded.isdisjoint({*SERVERS, "urllib3", "headrace.local"})


def test_a_client_of_a_server_loads_no_database() -> None:
    loaded = _loaded("import headrace; headrace.connect('http://127.0.0.1:1')")
    assert "headrace.client.http" in loaded
    assert loaded.isdisjoint({*SERVERS, "headrace.local", "urllib3", "ssl", "email", "http.client"})
    assert len(loaded) < 250


def test_the_public_names_are_what_they_say() -> None:
    assert headrace.connect is connect
    assert headrace.Client is Client
    assert headrace.errors.HeadraceError is HeadraceError
    assert headrace.__version__.startswith("0.")
    assert {*headrace.__all__, "__version__"} <= set(dir(headrace))
    with pytest.raises(AttributeError, match="start_nothing"):
        _ = headrace.start_nothing


def test_what_is_known_without_a_look_is_what_the_package_declares() -> None:
    declared = {
        entry.name: entry.value
        for entry in entry_points(group=GROUP)
        if entry.dist and entry.dist.name == "headrace"
    }
    assert declared == OWN


def test_a_client_has_all_groups_and_loads_each_when_it_is_used() -> None:
    code = (
        "import sys; from headrace.client import connect; client = connect('http://127.0.0.1:1'); "
        "before = 'headrace.client.tables' in sys.modules; client.tables; "
        "print(before, 'headrace.client.tables' in sys.modules, client.tables is client.tables)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["False", "True", "True"]
    with connect("http://127.0.0.1:1") as client:
        assert set(dir(client)) > set(GROUPS)
        for name in GROUPS:
            assert type(getattr(client, name)).__module__ == GROUPS[name].partition(":")[0]
        with pytest.raises(AttributeError, match="nothing_of_that_name"):
            client.nothing_of_that_name  # noqa: B018 - it is asked for, no more
