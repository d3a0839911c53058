"""Makes a database of MLflow's with all its tables and nothing in them: ``python empty_database.py URI``. Its migrations take longer than most scripts."""

import sys

from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine_with_retry

_initialize_tables(create_sqlalchemy_engine_with_retry(sys.argv[1]))
