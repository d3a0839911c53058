"""How many examples the property tests of the store take, on each database: few in CI, more by hand with HEADRACE_EXAMPLES=10."""

import os

EXAMPLES = int(os.environ.get("HEADRACE_EXAMPLES", "1"))
"""So many times as many as stand in a test."""
