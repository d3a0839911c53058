"""TLS on connections to MySQL and MariaDB: spoken where the server offers it, and nothing of it loaded where it does not."""

import shutil
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from database_servers import MariadbServer
from databases import SERVERS, Databases
from headrace.base.errors import HeadraceError
from headrace.store.engine import open_store

CERTIFICATE = Path(__file__).parent.parent / "client" / "localhost.pem"
ASKED = "SHOW SESSION STATUS LIKE 'Ssl_version'"

pytestmark = pytest.mark.databases("mysql", reason="is about its driver")


class TlsServer(MariadbServer):
    """MariaDB with a certificate."""

    def _command(self, programs: Path) -> list[object]:
        own = self.folder / "tls.pem"
        shutil.copy(CERTIFICATE, own)
        own.chmod(0o644)
        return [*super()._command(programs), f"--ssl-cert={own}", f"--ssl-key={own}"]


def _find_version(url: str) -> str:
    store = open_store(url)
    try:
        with store.read() as conn:
            return str(conn.rows(ASKED)[0][1])
    finally:
        store.close()


def test_no_tls_context_is_made_for_a_server_without_tls(
    make_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_database()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(ssl, "create_default_context", refuse)
    monkeypatch.setattr(ssl, "SSLContext", refuse)
    assert _find_version(url) == ""


@pytest.fixture
def encrypted(databases: Databases, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database of a server with a certificate."""
    monkeypatch.setitem(SERVERS, database, TlsServer)
    with databases.lend_server(database) as server:
        server.create("hr_tls")
        yield server.url("hr_tls")


def test_tls_is_spoken_with_a_server_that_offers_it(encrypted: str) -> None:
    assert _find_version(encrypted).startswith("TLS")


def test_a_certificate_that_is_asked_for_is_checked(encrypted: str) -> None:
    url = f"{encrypted}?ssl_ca={CERTIFICATE}&ssl_check_hostname="
    assert _find_version(url).startswith("TLS")


def test_tls_that_is_asked_for_is_insisted_on(make_database: Callable[..., str]) -> None:
    with pytest.raises(HeadraceError, match="SSL is required"):
        open_store(f"{make_database()}?ssl_ca={CERTIFICATE}")
