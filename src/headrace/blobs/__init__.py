"""Bytes of artifacts: where they lie and how they are written, read and deleted. Knows no runs and no database."""
