"""Adapters over Identity's database and Redis."""
