"""What databases say of their own tables, one file for each database: parts that are there, how they are made, how big they are.

Nothing here knows revisions, and nothing needs a driver: the connection is given.
"""

from sqlalchemy import Connection

from headrace.store.catalogues.base import Catalogue, Part, Size
from headrace.store.catalogues.mysql import MysqlCatalogue
from headrace.store.catalogues.postgresql import PostgresqlCatalogue
from headrace.store.catalogues.sqlite import SqliteCatalogue

__all__ = ["Catalogue", "Part", "Size", "find_catalogue"]

_CATALOGUES: dict[str, type[Catalogue]] = {
    "sqlite": SqliteCatalogue,
    "postgresql": PostgresqlCatalogue,
    "mysql": MysqlCatalogue,
    "mariadb": MysqlCatalogue,
}


def find_catalogue(connection: Connection) -> Catalogue:
    """Return the catalogue of the database that a connection goes to."""
    return _CATALOGUES[connection.dialect.name](connection)
