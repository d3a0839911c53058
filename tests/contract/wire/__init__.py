"""The tools of the golden tests: steps, the player that sends them, the normaliser, the golden files."""
