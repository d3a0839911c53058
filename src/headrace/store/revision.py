"""The revision of the schema that the tables make up, and since which one servers can share it."""

SCHEMA_REVISION = "0003"

OLDEST_REVISION = "0003"
"""The oldest revision whose servers may go on using this schema; the newest file of ``migrations/versions`` says the same."""
