"""Adapters: SQL databases and Redis."""
