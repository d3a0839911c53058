"""Datasets as MLflow describes them: name, digest, source, schema and profile of what a run was given. Loads no library of data by itself."""
