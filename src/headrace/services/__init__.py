"""The rules: one function for each endpoint, ``(context, request) -> response``. No HTTP, no SQL text."""
