"""Adapters to Identity, the config service and the health checks."""
