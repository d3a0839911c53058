"""Where a server's database is: its URL, with the driver that headrace uses whichever it names. Loads SQLAlchemy."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from headrace.store.address import Address, refuse
from headrace.store.dialect import find_dialect

_OTHER_NAMES = {"postgres": "postgresql"}


def parse_server(text: str) -> Address:
    """Return where a database is, if it is no file.

    Raises:
        InvalidParameter: the text is no URL, or none of a database that is supported.
        NotImplementedByServer: the database's driver is not installed.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise refuse(text) from None
    backend = url.drivername.partition("+")[0]
    backend = _OTHER_NAMES.get(backend, backend)
    dialect = find_dialect(backend)
    url = url.set(drivername=dialect.drivername).update_query_dict(dialect.url_options)
    return Address(backend, url.render_as_string(hide_password=False), url.render_as_string())


def to_url(address: Address) -> URL:
    """Return SQLAlchemy's form of an address."""
    return make_url(address.text)
