"""What databases say of their own tables, one file for each database: parts that are there, how they are made, how big they are.

Nothing here knows revisions, and nothing needs a driver: the connection is given.
"""

from headrace.base import plugins
from headrace.store.catalogues.base import Catalogue, Part, Size
from headrace.store.driver import SchemaConnection

__all__ = ["Catalogue", "Part", "Size", "find_catalogue"]

_CATALOGUES = {
    "sqlite": "headrace.store.catalogues.sqlite:SqliteCatalogue",
    "postgresql": "headrace.store.catalogues.postgresql:PostgresqlCatalogue",
    "mysql": "headrace.store.catalogues.mysql:MysqlCatalogue",
    "mariadb": "headrace.store.catalogues.mysql:MysqlCatalogue",
}


def find_catalogue(connection: SchemaConnection) -> Catalogue:
    """Return the catalogue of the database that a connection goes to."""
    kind: type[Catalogue] = plugins.load_attribute(_CATALOGUES[connection.dialect.name])
    return kind(connection)
