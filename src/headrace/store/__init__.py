"""The database: SQLAlchemy Core tables and functions on a connection. Knows the api's structs, not HTTP and no rules."""
