"""Public contracts as test classes: whoever writes a plugin inherits one and gives it a fixture. Needs pytest."""
