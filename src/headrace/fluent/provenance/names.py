"""The names under which a run's provenance is found: its tags and its files."""

FOLDER = "provenance"
"""Of the run's artifacts."""

COMMIT_TAG = "mlflow.source.git.commit"
BRANCH_TAG = "mlflow.source.git.branch"
REMOTE_TAG = "mlflow.source.git.repoURL"
DIRTY_TAG = "headrace.git.dirty"
HOST_TAG = "headrace.host"
GPUS_TAG = "headrace.gpus"
SEED_TAG = "headrace.seed."

PROCESS_FILE = "process.json"
ENVIRONMENT_FILE = "environment.json"
REQUIREMENTS_FILE = "requirements.txt"
DIFF_FILE = "uncommitted.diff"
CELLS_FILE = "notebook.py"
SOURCE_FOLDER = "source"
