"""How the schema came to be, as Alembic revisions. A revision that was released is never changed; none imports today's tables.

A new revision is a file ``versions/NNNN_what.py``, the same change in `headrace.store.tables`, the new number in
`headrace.store.tables.schema`, and a store recorded by ``tests/migrations/record_golden.py``.

A revision is a list of statements: it is compiled first, shown by ``headrace db upgrade --check``, and then run one by one. So it reads no rows in
Python, and on MySQL, which cannot take a statement back, each statement does one thing. Its ``oldest`` names the oldest revision whose servers may go
on using the schema: with a revision that only adds (tables, columns with a default or that may be NULL, indexes) that stays what it was; without
``oldest``, or with the revision's own number, all servers have to be stopped for it. An index of a table that grows is made with
``postgresql_concurrently=True``, so that servers go on writing.
"""
