"""The HTTP server: what was decided in the services, spoken over HTTP. The only layer that knows Starlette."""
