"""How the schema came to be, as Alembic revisions. A revision that was released is never changed; none imports today's tables."""
