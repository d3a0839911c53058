"""How the schema came to be, as Alembic revisions. A revision that was released is never changed; none imports today's tables.

A new revision is a file ``versions/NNNN_what.py``, the same change in `headrace.store.tables`, the new number in
`headrace.store.tables.schema`, and a store recorded by ``tests/migrations/record_golden.py``.
"""
